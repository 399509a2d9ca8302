"""All models of the table."""

from assets.benchmark import closed_forms, collaborative
from assets.benchmark.entry import Entry

ENTRIES: tuple[Entry, ...] = (*closed_forms.ENTRIES, *collaborative.ENTRIES)

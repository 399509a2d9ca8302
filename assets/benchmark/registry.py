"""All models of the table."""

from assets.benchmark import closed_forms, collaborative, product, rivals
from assets.benchmark.entry import Entry

ENTRIES: tuple[Entry, ...] = (
    *closed_forms.ENTRIES,
    *product.ENTRIES,
    *collaborative.ENTRIES,
    *rivals.ENTRIES,
)

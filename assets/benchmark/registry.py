"""All models of the table."""

from assets.benchmark import (
    ablations,
    calibrated,
    closed_forms,
    coldllm,
    collaborative,
    ensemble,
    product,
    rivals,
)
from assets.benchmark.entry import Entry

ENTRIES: tuple[Entry, ...] = (
    *closed_forms.ENTRIES,
    *product.ENTRIES,
    *collaborative.ENTRIES,
    *rivals.ENTRIES,
    *coldllm.ENTRIES,
    *calibrated.ENTRIES,
    *ensemble.ENTRIES,
    *ablations.ENTRIES,
)

"""Result folders of several splits, read and put together."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assets.benchmark.closed_forms import ENTRIES
from assets.benchmark.documents import place_tables
from assets.benchmark.product import PRODUCT
from data.errors import InputError

if TYPE_CHECKING:
    from evaluation.benchmark_summary import SplitResult, Summary

CLOSED_FORMS = (*(model for one in ENTRIES for model in one.models if model != "chance"), "kernel_ridge")


def summarised(folders: Sequence[Path], out: Path, *, docs: Path | None = None) -> "Summary":
    """Read the folders' results and write ``summary.json`` and ``summary.md``.

    Args:
        folders: Of finished benchmarks, each of another split of the same data.
        out: Made if it is not there.
        docs: Folder of documents whose ``results.md`` has a place for ``DATA-summary``; None: none.

    Returns:
        The summary.

    Raises:
        InputError: If a folder holds no results, they do not belong together, or the documents have no
            place for them.
    """
    from evaluation.benchmark_summary import summarise

    results = [_read(folder) for folder in folders]
    try:
        summary = summarise(results, product=PRODUCT, closed_forms=CLOSED_FORMS)
    except ValueError as error:
        raise InputError(str(error)) from error
    out.mkdir(parents=True, exist_ok=True)
    summary.save(out)
    if docs is not None:
        place_tables(
            docs,
            f"{summary.data_set}-summary",
            copy=summary.to_json(),
            origin=summary.origin(),
            tables=summary.tables(),
        )
    return summary


def _read(folder: Path) -> "SplitResult":
    from evaluation.benchmark_summary import SplitResult
    from evaluation.user_values import UserValues

    try:
        found = json.loads((folder / "benchmark.json").read_text(encoding="utf-8"))
        return SplitResult(found["about"], found["rows"], UserValues.load(folder))
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{folder} holds no results of a benchmark with cold test items ({error}); run coldcast benchmark with "
            "--out on it first"
        ) from error

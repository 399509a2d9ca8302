"""What of a benchmark is kept beside the code: a short copy of the figures, and the tables in ``results.md``."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.benchmark.data_choice import DataChoice
from data.errors import InputError
from data.split_choice import SplitChoice

if TYPE_CHECKING:
    from evaluation.benchmark import Benchmark
    from evaluation.report_tables import Table

RESULTS = "results.md"
FOLDER = "results"
USER_METRICS, USER_CUTOFF = ("recall", "ndcg"), 20
DIGITS = 6


def name_of(data: DataChoice) -> str:
    """What the copy is called: the data set, and its split where that is not the usual one."""
    split = data.split
    parts = [
        data.name,
        "time" if split.protocol == "time" else "",
        re.sub(r"\W+", "-", split.salt) if split.salt != SplitChoice().salt else "",
    ]
    return "-".join(part for part in parts if part)


def markers(name: str) -> tuple[str, str]:
    """The lines between which ``results.md`` has the tables of one benchmark."""
    return f"<!-- benchmark {name}: made by the command -->", f"<!-- benchmark {name}: end -->"


def require_place(docs: Path, name: str) -> None:
    """Look whether the tables have a place, before hours of work.

    Raises:
        InputError: If ``results.md`` is missing or has not the two lines, once each and in order.
    """
    _around(docs / RESULTS, name)


def write_documents(docs: Path, name: str, benchmark: "Benchmark") -> list[Path]:
    """Write ``results/NAME.json``, and the main tables into ``results.md`` between its two lines.

    Args:
        docs: The folder of the documents.
        name: As :func:`name_of` gives it.
        benchmark: The figures.

    Returns:
        The files written.

    Raises:
        InputError: As :func:`require_place`.
    """
    return place_tables(
        docs, name, copy=short_copy(benchmark), origin=benchmark.origin(), tables=benchmark.tables()
    )


def place_tables(docs: Path, name: str, *, copy: str, origin: str, tables: "Sequence[Table]") -> list[Path]:
    """Write any study's copy and tables where they have their place.

    Args:
        docs: The folder of the documents.
        name: Of the study.
        copy: What ``results/NAME.json`` holds.
        origin: Said before the tables.
        tables: Written into ``results.md``.

    Returns:
        The files written.

    Raises:
        InputError: As :func:`require_place`.
    """
    from evaluation.report_markdown import as_markdown

    before, after = _around(docs / RESULTS, name)
    (docs / FOLDER).mkdir(exist_ok=True)
    begin, end = markers(name)
    text = "\n\n".join([origin, *(as_markdown(table, level=3) for table in tables)])
    texts = {
        docs / FOLDER / f"{name}.json": copy,
        docs / RESULTS: f"{before}{begin}\n\n{text}\n\n{end}{after}",
    }
    for path, text in texts.items():
        temporary = path.with_name(f".{path.name}.writing")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    return list(texts)


def short_copy(benchmark: "Benchmark") -> str:
    """Users' Recall and NDCG at 20 and all audience figures, one row a line, as JSON."""
    rows = [
        row
        for row in (*benchmark.rows, *benchmark.over_both_phases)
        if row.side == "audience" or (row.metric in USER_METRICS and row.k == USER_CUTOFF)
    ]
    kept: dict[str, list[str]] = {"rows": [], "over_both_phases": []}
    for row in rows:
        values = row.to_dict() | {"value": round(row.value, DIGITS)}
        kept["over_both_phases" if row.phase == "both" else "rows"].append(_line(values))
    lists = ",\n".join(
        f'"{name}": [' + ",".join(f"\n{line}" for line in lines) + "\n]" for name, lines in kept.items()
    )
    return f'{{"about": {_line(dict(benchmark.about))},\n{lists}\n}}\n'


def _line(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def _around(path: Path, name: str) -> tuple[str, str]:
    """The document before the first line and after the second."""
    begin, end = markers(name)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    before, found, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended or begin in after or end in before + after:
        raise InputError(f"{path} must hold these two lines, once each and in this order:\n{begin}\n{end}")
    return before, after

"""Finding: the plain result of one expectation, before it takes Dagster's form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

SHOWN = 10  # offenders a finding keeps

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """What one expectation found.

    Attributes:
        name: What must hold, in words.
        passed: Whether it holds.
        observed: What was seen, mostly the number of offenders.
        threshold: What is allowed, in words or as a number.
        offenders: The first ten, as plain values.
        severity: ``error`` when failing means broken data that must go no further, else ``warning``.
    """

    name: str
    passed: bool
    observed: float | int | str
    threshold: float | int | str
    offenders: list[Any] = field(default_factory=list)
    severity: Severity = "error"


def count_finding(
    name: str, offenders: Iterable[Any], *, severity: Severity = "error", count: int | None = None
) -> Finding:
    """A finding that allows no offender.

    Args:
        name: What must hold, in words.
        offenders: All offenders, or the first ten and more when ``count`` is given.
        severity: How bad one is.
        count: How many there are.
    """
    listed = list(offenders)
    found = len(listed) if count is None else count
    return Finding(name, found == 0, found, "0 allowed", listed[:SHOWN], severity)

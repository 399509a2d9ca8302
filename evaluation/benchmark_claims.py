"""The article's claims: what was printed, what we find for each collaborative model, and whether it holds.

The printed figures come from another split of CiteULike, with other texts and a language model of 7B parameters.
Gains over ColdLLM and over the collaborative model compare models with each other and carry over; levels may not.

Source: FilterLLM, arXiv 2502.16924.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from statistics import fmean
from typing import Any, Literal

from evaluation.benchmark_row import BenchmarkRow
from evaluation.report_tables import Cell, Table
from evaluation.speed import SpeedRow, times_faster

DATA_SET = "citeulike"
"""What the claims are of; no other benchmark has the tables."""

TITLES = {"mf": "MF", "ngcf": "NGCF", "lightgcn": "LightGCN"}
"""Collaborative models; the model alone is a row of that name."""

COLDLLM = {"mf": "coldllm", "ngcf": "coldllm_ngcf", "lightgcn": "coldllm_lightgcn"}
FORMS: dict[str, dict[str, str]] = {
    "FilterLLM in its reference form": {
        "mf": "filterllm_reference_placed",
        "ngcf": "filterllm_reference_ngcf_placed",
        "lightgcn": "filterllm_reference_lightgcn_placed",
    },
    "FilterLLM in ours": {"mf": "default_mf", "ngcf": "default_ngcf", "lightgcn": "default_lightgcn"},
}
"""Title -> the row of a placed FilterLLM for each collaborative model that it starts from."""

SPEED = "Speed"
FASTER = 34.75
"""Times faster than text-to-judgment, as printed."""

ON_PAR = 0.95
"""Share of the collaborative model's warm Recall that counts as on par."""

Verdict = Literal["yes", "less", "no", ""]


@dataclass(frozen=True)
class Finding:
    """What one claim comes to for one collaborative model.

    Attributes:
        shown: The figures, as text.
        verdict: "yes", "no", "less" (the direction holds, the size does not), or "" where it is only shown.
    """

    shown: str
    verdict: Verdict


@dataclass(frozen=True)
class Figures:
    """Test figures of users' lists of 20 under evaluator B.

    Attributes:
        at: By (model, setting, metric), then by seed.
        filterllm: FilterLLM's row for each collaborative model.
    """

    at: Mapping[tuple[str, str, str], Mapping[int, float]]
    filterllm: Mapping[str, str]

    def pair(self, before: str, kind: str, place: tuple[str, str]) -> tuple[float, float] | None:
        """A model's figure and FilterLLM's at (setting, metric), means over the seeds that both have.

        None if there is no such seed, or the first figure is 0.
        """
        both = [self.at.get((model, *place), {}) for model in (before, self.filterllm[kind])]
        common = sorted(both[0].keys() & both[1].keys())
        if not common:
            return None
        first, second = (fmean(figures[seed] for seed in common) for figures in both)
        return (first, second) if first else None


@dataclass(frozen=True)
class Claim:
    """One printed claim.

    Attributes:
        name: What it is about.
        printed: As it stands there.
        rule: When it holds here.
        judge: What it comes to for one collaborative model; None if a row is missing.
    """

    name: str
    printed: str
    rule: str
    judge: Callable[[Figures, str], Finding | None]


@dataclass(frozen=True)
class JudgedClaim:
    """A claim with what was found.

    Attributes:
        form: Which FilterLLM.
        claim: Its name.
        printed: As printed.
        rule: When it holds.
        found: By collaborative model; None where a row is missing.
        holds: In words.
    """

    form: str
    claim: str
    printed: str
    rule: str
    found: Mapping[str, Finding | None]
    holds: str

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def judged_claims(rows: Sequence[BenchmarkRow], speed: Sequence[SpeedRow]) -> list[JudgedClaim]:
    """Every claim for every form, that of speed last.

    Args:
        rows: Of the benchmark.
        speed: Of one measurement; empty if there was none.
    """
    at = _figures(rows)
    judged = []
    for form, names in FORMS.items():
        for claim in CLAIMS:
            found = {kind: claim.judge(Figures(at, names), kind) for kind in TITLES}
            judged.append(JudgedClaim(form, claim.name, claim.printed, claim.rule, found, _in_words(found)))
    return [*judged, _faster(speed)]


def claims_tables(claims: Sequence[JudgedClaim]) -> list[Table]:
    """One table a form, then that of speed."""
    caption = (
        "Printed figures are of another split and of a language model of 7B parameters. Ours: test, lists of 20, "
        "evaluator B, means over the seeds that both models have, every model through the same evaluator; “less”: so "
        "in direction, not in size."
    )
    tables = []
    for form in dict.fromkeys(one.form for one in claims):
        columns = ["printed", "holds if", *(() if form == SPEED else TITLES.values()), "holds"]
        lines = [(one.claim, _cells(one)) for one in claims if one.form == form]
        shown = "Batched, the same language model, the same machine." if form == SPEED else caption
        tables.append(Table(f"The article's claims: {form}", shown, columns, lines, of="claim"))
    return tables


def _level(least: Mapping[str, float], figures: Figures, kind: str) -> Finding | None:
    """Overall figures as high as printed, by metric."""
    seeds = [figures.at.get((figures.filterllm[kind], "overall", metric), {}) for metric in least]
    found = [fmean(values.values()) for values in seeds if values]
    if len(found) < len(least):
        return None
    holds = all(value >= printed for value, printed in zip(found, least.values(), strict=True))
    return Finding(" / ".join(f"{value:.4f}" for value in found), "yes" if holds else "no")


def _gain(place: tuple[str, str], least: Mapping[str, float], figures: Figures, kind: str) -> Finding | None:
    """FilterLLM above ColdLLM by the printed share; without a verdict where none is printed."""
    pair = figures.pair(COLDLLM[kind], kind, place)
    if pair is None:
        return None
    gain = pair[1] / pair[0] - 1
    verdict: Verdict = "yes" if gain >= least.get(kind, gain) else "less" if gain > 0 else "no"
    shown = f"{pair[0]:.4f} → {pair[1]:.4f}, {_percent(gain)}"
    return Finding(shown, verdict if kind in least else "")


def _wider(figures: Figures, kind: str) -> Finding | None:
    """The cold gain on a graph model is larger than that on matrix factorisation."""
    pairs = [figures.pair(COLDLLM[one], one, ("cold", "recall")) for one in ("mf", kind)]
    gains = [pair[1] / pair[0] - 1 for pair in pairs if pair is not None]
    if len(gains) < len(pairs):
        return None
    verdict: Verdict = "yes" if gains[1] > max(gains[0], 0.0) else "no"  # a smaller loss is no advantage
    return Finding(_percent(gains[1]), "" if kind == "mf" else verdict)


def _on_par(figures: Figures, kind: str) -> Finding | None:
    """Warm items ranked as well as by the collaborative model alone."""
    pair = figures.pair(kind, kind, ("warm", "recall"))
    if pair is None:
        return None
    return Finding(f"{pair[0]:.4f} → {pair[1]:.4f}", "yes" if pair[1] >= ON_PAR * pair[0] else "no")


OVER_COLDLLM = "a gain over ColdLLM at least as large"
CLAIMS = (
    Claim(
        "overall Recall / NDCG",
        "0.2128 / 0.1700",
        "both at least as high",
        partial(_level, {"recall": 0.2128, "ndcg": 0.1700}),
    ),
    Claim(
        "overall Recall over ColdLLM",
        "about +16 %",
        OVER_COLDLLM,
        partial(_gain, ("overall", "recall"), dict.fromkeys(TITLES, 0.16)),
    ),
    Claim(
        "overall NDCG over ColdLLM",
        "about +21 %",
        OVER_COLDLLM,
        partial(_gain, ("overall", "ndcg"), dict.fromkeys(TITLES, 0.21)),
    ),
    Claim(
        "cold Recall over ColdLLM",
        "MF 0.1195 → 0.1787, LightGCN 0.1035 → 0.1604",
        OVER_COLDLLM,
        partial(_gain, ("cold", "recall"), {"mf": 0.1787 / 0.1195 - 1, "lightgcn": 0.1604 / 0.1035 - 1}),
    ),
    Claim(
        "cold NDCG over ColdLLM",
        "LightGCN 0.0828 → 0.1221",
        OVER_COLDLLM,
        partial(_gain, ("cold", "ndcg"), {"lightgcn": 0.1221 / 0.0828 - 1}),
    ),
    Claim(
        "wider advantage on graph models",
        "+55.0 % on LightGCN, +49.5 % on MF",
        "a larger gain in cold Recall over ColdLLM than on MF",
        _wider,
    ),
    Claim(
        "warm Recall on par",
        "on par",
        f"at least {ON_PAR:.2f} of the collaborative model alone",
        _on_par,
    ),
)


def _faster(speed: Sequence[SpeedRow]) -> JudgedClaim:
    """The claim of speed, which is of no collaborative model."""
    times = dict(sorted(times_faster(speed).items()))
    enough = [number for number, faster in times.items() if faster >= FASTER]
    shown = ", ".join(f"{faster:,.0f} times with {number} candidates" for number, faster in times.items())
    verdict = "yes" if len(enough) == len(times) else f"from {enough[0]} candidates on" if enough else "no"
    return JudgedClaim(
        SPEED,
        "text-to-distribution faster than text-to-judgment",
        f"{FASTER} times",
        "as much at every number of candidates",
        {},
        f"{verdict}: {shown}" if times else "not measured",
    )


def _figures(rows: Sequence[BenchmarkRow]) -> dict[tuple[str, str, str], dict[int, float]]:
    found: dict[tuple[str, str, str], dict[int, float]] = {}
    for row in rows:
        if (row.side, row.phase, row.evaluator, row.k) == ("user", "test", "B", 20):
            found.setdefault((row.model, row.setting, row.metric), {})[row.seed] = row.value
    return found


def _cells(one: JudgedClaim) -> list[Cell]:
    found = [
        Cell("not run") if each is None else Cell(each.shown, each.verdict) for each in one.found.values()
    ]
    return [Cell(one.printed), Cell(one.rule), *found, Cell(one.holds, best=one.holds.startswith("yes"))]


def _in_words(found: Mapping[str, Finding | None]) -> str:
    """One verdict of several: "yes", "MF yes, LightGCN no", and what was not run."""
    verdicts = {kind: one.verdict for kind, one in found.items() if one is not None and one.verdict}
    if not verdicts:
        return "not run"
    missing = [f"{TITLES[kind]} not run" for kind, one in found.items() if one is None]
    if len(set(verdicts.values())) == 1:
        return ", ".join([*set(verdicts.values()), *missing])
    return ", ".join([*(f"{TITLES[kind]} {word}" for kind, word in verdicts.items()), *missing])


def _percent(share: float) -> str:
    return f"{100 * share:+.1f} %".replace("-", "−")

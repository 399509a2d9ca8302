"""A replay's outcome: three policies step by step, their curves and what they cost, as JSON and as tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evaluation.forward_test import METRICS, ForwardValues, over_steps
from evaluation.report_tables import Cell, Table
from evaluation.uncertainty import Interval, bootstrap_interval, paired_difference

NAME = "replay"
TITLES = {
    "recall": "Recall@20",
    "ndcg": "NDCG@20",
    "audience_recall": "Audience Recall@20",
    "audience_ndcg": "Audience NDCG@20",
}
PAIRED = (("loop", "never"), ("loop", "always"), ("always", "never"))


@dataclass(frozen=True)
class PolicyStep:
    """One policy in one step.

    Attributes:
        policy: Its name.
        step: Number, from 0.
        day: When the step begins, UTC.
        trained: Whether a version was trained at its beginning.
        fired: Names of the rule's thresholds that were reached, or why else it was trained.
        rule: What the rule said, with its numbers.
        promoted: Whether the version came into office; None where none was trained.
        gate: What the gate said.
        in_force: The version in office during the step, by the step it was trained at; -1 for none.
        seconds: Of training.
        known: Users in the vocabulary.
        outside: Users who had arrived outside it, with a provisional vector or without.
        provisional: Those of them with one.
        placed: Items placed, that the version was not trained on.
        judged: Users judged by what they did in the step.
        judged_served: Those of them who had a vector.
        figures: By metric; None where there was nothing to judge.
    """

    policy: str
    step: int
    day: str
    trained: bool
    fired: tuple[str, ...]
    rule: str
    promoted: bool | None
    gate: str
    in_force: int
    seconds: float
    known: int
    outside: int
    provisional: int
    placed: int
    judged: int
    judged_served: int
    figures: Mapping[str, Interval | None]


@dataclass(frozen=True)
class Total:
    """One policy over all steps; every user (or new item) counts once, by the mean over the steps it acted in.

    Attributes:
        figures: By metric.
        train_seconds: Of all its trainings, those shared with another policy counted in full.
        train_cpu_seconds: The same on the processor's clock.
        trained: Versions trained.
        promoted: Of them came into office.
    """

    figures: Mapping[str, Interval | None]
    train_seconds: float
    train_cpu_seconds: float
    trained: int
    promoted: int


@dataclass(frozen=True)
class Replay:
    """The whole.

    Attributes:
        about: Source, clock, settings, command and seeds, as JSON values.
        steps: Policy by policy, step by step.
        totals: By policy.
        differences: By "A minus B" and metric, paired over the same users (or items).
    """

    about: Mapping[str, Any]
    steps: Sequence[PolicyStep]
    totals: Mapping[str, Total]
    differences: Mapping[str, Mapping[str, Interval | None]]

    @property
    def policies(self) -> list[str]:
        """In their order."""
        return list(self.totals)

    def of(self, policy: str) -> list[PolicyStep]:
        """One policy's steps."""
        return [one for one in self.steps if one.policy == policy]

    def share_of_always(self) -> dict[str, float]:
        """What `loop` reaches of `always`, and at what part of its training time."""
        loop, always = self.totals["loop"], self.totals["always"]
        mine, best = loop.figures["recall"], always.figures["recall"]
        return {
            "recall": mine.mean / best.mean if mine and best and best.mean else 0.0,
            "train_seconds": loop.train_seconds / always.train_seconds if always.train_seconds else 0.0,
            "train_cpu_seconds": loop.train_cpu_seconds / always.train_cpu_seconds
            if always.train_cpu_seconds
            else 0.0,
        }

    def short(self) -> dict[str, Any]:
        """What is kept beside the code: each policy's forward figures and its cost, and how they compare."""
        return {
            "command": self.about["command"],
            "seeds": self.about["seeds"],
            "date": self.about["date"],
            "commit": self.about["commit"],
            "steps": self.about["clock"]["steps"],
            "step_days": self.about["clock"]["step_days"],
            "users": self.about["users"],
            "returning_users": self.about["returning_users"],
            "policies": {name: _short_total(total) for name, total in self.totals.items()},
            "differences": {
                name: {metric: _rounded(one) for metric, one in of.items()}
                for name, of in self.differences.items()
            },
            "loop_of_always": {name: round(value, 4) for name, value in self.share_of_always().items()},
        }

    def to_json(self) -> str:
        """Everything, the short form first."""
        found = {**self.short(), "about": dict(self.about), "all_steps": [asdict(one) for one in self.steps]}
        return json.dumps(found, indent=1, ensure_ascii=False) + "\n"

    def tables(self) -> list[Table]:
        """The policies in total, and how they compare."""
        return [self._total_table(), self._difference_table()]

    def step_tables(self) -> list[Table]:
        """One table a policy, one line a step."""
        return [self._step_table(policy) for policy in self.policies]

    def _total_table(self) -> Table:
        columns = [*TITLES.values(), "trained", "in office", "training seconds"]
        lines = [
            (
                name,
                [
                    *(_cell(total.figures[metric]) for metric in METRICS),
                    Cell(str(total.trained)),
                    Cell(str(total.promoted)),
                    Cell(f"{total.train_seconds:,.0f}"),
                ],
            )
            for name, total in self.totals.items()
        ]
        caption = (
            "Forward test over all steps: mean over users (audiences: over new items) of each one's mean over the "
            "steps, with its 95 % interval. Users without a vector count zero."
        )
        return Table("Three policies", caption, columns, lines, of="policy")

    def _difference_table(self) -> Table:
        lines = [
            (name, [_cell(of[metric], signed=True) for metric in METRICS])
            for name, of in self.differences.items()
        ]
        share = self.share_of_always()
        caption = (
            f"Over the same users or items, with paired 95 % intervals. `loop` reaches {share['recall']:.1%} of "
            f"`always`'s Recall@20 at {share['train_seconds']:.1%} of its training time."
        )
        return Table("Differences", caption, list(TITLES.values()), lines, of="policies")

    def _step_table(self, policy: str) -> Table:
        columns = [
            "begins",
            "users inside",
            "outside",
            "provisional",
            "judged (with a vector)",
            "items placed",
            "why trained",
            "version",
            "seconds",
            "Recall@20",
            "NDCG@20",
            "Audience NDCG@20",
        ]
        lines = [(str(one.step), _step_cells(one)) for one in self.of(policy)]
        return Table(
            f"{policy}, step by step", "What was in force, and how it did.", columns, lines, of="step"
        )

    def save(self, directory: Path) -> None:
        """Write ``replay.json`` and ``replay.html`` into an existing folder."""
        from evaluation.replay_page import page

        for ending, text in (("json", self.to_json()), ("html", page(self))):
            temporary = directory / f".{NAME}.{ending}.writing"
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(directory / f"{NAME}.{ending}")


def interval_of(values: Any) -> Interval | None:
    """Mean with its bootstrap interval; None where there is nothing."""
    return bootstrap_interval(values) if len(values) else None


def figures_of(values: ForwardValues) -> dict[str, Interval | None]:
    """One step's figures by metric."""
    return {metric: interval_of(values.of(metric)) for metric in METRICS}


def total_figures(values: Sequence[ForwardValues]) -> dict[str, Interval | None]:
    """Figures over all steps by metric."""
    return {metric: interval_of(_over_steps(values, metric)) for metric in METRICS}


def differences_of(
    values: Mapping[str, Sequence[ForwardValues]],
) -> dict[str, dict[str, Interval | None]]:
    """Paired differences of the policies over all steps."""
    found: dict[str, dict[str, Interval | None]] = {}
    for first, second in PAIRED:
        found[f"{first} minus {second}"] = {}
        for metric in METRICS:
            a, b = (_over_steps(values[name], metric) for name in (first, second))
            found[f"{first} minus {second}"][metric] = paired_difference(a, b) if len(a) else None
    return found


def _over_steps(values: Sequence[ForwardValues], metric: str) -> Any:
    who = "items" if metric.startswith("audience") else "users"
    return over_steps([getattr(one, who) for one in values], [one.of(metric) for one in values])[1]


def _short_total(total: Total) -> dict[str, Any]:
    recall = total.figures["recall"]
    return {
        "forward_recall": None if recall is None else round(recall.mean, 6),
        "forward_recall_low": None if recall is None else round(recall.low, 6),
        "forward_recall_high": None if recall is None else round(recall.high, 6),
        "train_seconds": round(total.train_seconds, 2),
        "train_cpu_seconds": round(total.train_cpu_seconds, 2),
        "trained": total.trained,
        "promoted": total.promoted,
        "figures": {metric: _rounded(one) for metric, one in total.figures.items()},
    }


def _rounded(one: Interval | None) -> dict[str, float] | None:
    if one is None:
        return None
    return {
        "mean": round(one.mean, 6),
        "low": round(one.low, 6),
        "high": round(one.high, 6),
        "n": one.n,
    }


def _cell(one: Interval | None, *, signed: bool = False) -> Cell:
    if one is None:
        return Cell("–")
    form = "+.4f" if signed else ".4f"
    return Cell(f"{one.mean:{form}}", f"[{one.low:{form}}, {one.high:{form}}]", best=signed and one.low > 0)


def _step_cells(one: PolicyStep) -> list[Cell]:
    version = "nothing" if one.in_force < 0 else f"of step {one.in_force}"
    if one.promoted is not None:
        version += ", promoted" if one.promoted else ", challenger refused"
    return [
        Cell(one.day),
        Cell(f"{one.known:,}"),
        Cell(f"{one.outside:,}"),
        Cell(f"{one.provisional:,}"),
        Cell(f"{one.judged:,} ({one.judged_served:,})"),
        Cell(f"{one.placed:,}"),
        Cell(", ".join(one.fired) or "–", warning=one.rule),
        Cell(version, warning=one.gate),
        Cell(f"{one.seconds:,.1f}" if one.trained else "–"),
        *(_cell(one.figures[metric]) for metric in ("recall", "ndcg", "audience_ndcg")),
    ]

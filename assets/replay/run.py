"""Feed the events step by step; let three policies decide, train and serve; judge what they serve."""

import gc
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assets.replay.policies import POLICIES, Office, signals_at, wish
from assets.replay.settings import ReplaySettings
from assets.replay.source import Clock, ReplaySource
from assets.retrain_rule import RetrainRule

if TYPE_CHECKING:
    from assets.promotion_decision import PromotionDecision
    from assets.replay.in_force import Judged
    from assets.replay.training import Trainer
    from data.snapshot import Snapshot
    from data.timeline import Timeline
    from evaluation.forward_test import ForwardQuestion
    from evaluation.replay import PolicyStep, Replay

Bars = Callable[[str, int, int, str], None]


@dataclass(frozen=True)
class ReplayRequest:
    """What is asked for.

    Attributes:
        source: The events.
        out: Folder of what is trained and written; a replay that was broken off goes on there.
        step: Length of a step in seconds.
        history: Share of the time span that is over before the first step, in [0, 1).
        steps: At most so many; None: all that fit.
        settings: Of the training.
        rule: The sensors' thresholds.
        command: As it was given, for the record.
        docs: Folder of documents that keeps a short copy; None: none.
    """

    source: ReplaySource
    out: Path
    step: int
    history: float = 0.25
    steps: int | None = None
    settings: ReplaySettings = field(default_factory=ReplaySettings)
    rule: RetrainRule = field(default_factory=RetrainRule)
    command: str = ""
    docs: Path | None = None


def run_replay(
    request: ReplayRequest,
    *,
    bars: Bars = lambda station, done, total, note: None,
    say: Callable[[str], None] = lambda line: None,
) -> "Replay":
    """Replay the events under three policies.

    Args:
        request: What to replay.
        bars: Told ``(station, done, total, note)`` while something moves.
        say: Told one line about each step that ends.

    Returns:
        The outcome; ``replay.json`` and ``replay.html`` lie in ``request.out``.

    Raises:
        InputError: If the source cannot be read or has no times, or no step fits.
    """
    from assets.replay.documents import keep_copy
    from assets.replay.training import Trainer
    from evaluation.replay import Replay, Total, differences_of, total_figures

    bars("steps", 0, 1, "reading the events")
    timeline = request.source.timeline()
    clock = Clock.over(timeline, step=request.step, history=request.history, steps=request.steps)
    trainer = Trainer(
        request.out / "trained",
        request.settings,
        tell=lambda done, total, note: bars("epochs", done, total, note),
    )
    trainer.folder.mkdir(parents=True, exist_ok=True)
    course = _Course(request, timeline, clock, trainer)
    steps: list[PolicyStep] = []
    for step in range(clock.n):
        bars("steps", step, clock.n, clock.day(step))
        found = course.step(step)
        steps += found
        say(_told(found))
    bars("steps", clock.n, clock.n, "writing")
    totals = {
        office.policy: Total(
            total_figures(office.values),
            round(office.seconds, 3),
            round(office.cpu_seconds, 3),
            office.trained,
            office.promoted,
        )
        for office in course.offices
    }
    differences = differences_of({office.policy: office.values for office in course.offices})
    ordered = [one for policy in POLICIES for one in steps if one.policy == policy]
    replay = Replay(_about(request, timeline, clock, trainer), ordered, totals, differences)
    replay.save(request.out)
    if request.docs is not None:
        keep_copy(request.docs, request.source.name, replay.short())
    return replay


class _Course:
    """A replay under way."""

    def __init__(
        self, request: ReplayRequest, timeline: "Timeline", clock: Clock, trainer: "Trainer"
    ) -> None:
        self.request, self.timeline, self.clock, self.trainer = request, timeline, clock, trainer
        self.offices = [Office(policy) for policy in POLICIES]
        self.threshold: float | None = None
        self.texts_read = 0

    def step(self, step: int) -> "list[PolicyStep]":
        """One step of all policies."""
        from assets.replay.in_force import judged_in_step, question_of

        time, until = self.clock.time(step), self.clock.time(step + 1)
        self._read_texts(until)
        decided = self._decide(step)
        question = question_of(self.timeline, time, until)
        judged: dict[int, Judged] = {}
        for office in self.offices:
            version = office.version
            if version is not None and office.step not in judged:
                judged[office.step] = judged_in_step(version, self.timeline, question, self.request.settings)
        found = []
        for office in self.offices:
            one = judged[office.step]
            office.note(one.values)
            found.append(_step_of(office, step, decided[office.policy], one, question, self))
        self.trainer.keep_only({office.version.content_hash for office in self.offices if office.version})
        gc.collect()
        return found

    def _read_texts(self, until: int) -> None:
        end = self.timeline.items_at(until)
        self.trainer.read(self.timeline.texts[self.texts_read : end])
        self.texts_read = end

    def _decide(self, step: int) -> dict[str, dict[str, Any]]:
        """Let every policy wish, train and ask the gate."""
        snapshot: Snapshot | None = None
        gates: dict[int, PromotionDecision] = {}
        decided = {}
        for office in self.offices:
            wanted = wish(office, lambda office=office: self._signals(office, step), self.request.rule)  # type: ignore[misc]
            told = {"trained": wanted.train, "fired": wanted.fired, "rule": wanted.rule}
            if wanted.train:
                snapshot = self._snapshot(step) if snapshot is None else snapshot
                told |= self._train(office, snapshot, step, gates)
            decided[office.policy] = told
        return decided

    def _signals(self, office: Office, step: int) -> Any:
        return signals_at(
            office,
            self.timeline,
            since=self.clock.time(office.step),
            time=self.clock.time(step),
            min_interactions=self.request.rule.min_interactions,
        )

    def _train(
        self, office: Office, snapshot: "Snapshot", step: int, gates: "dict[int, PromotionDecision]"
    ) -> dict[str, Any]:
        """Train or take what is trained; ask the gate, once for each version in office."""
        from assets.gate import judge_versions

        trained = self.trainer.version(snapshot, step)
        office.seconds += trained.seconds
        office.cpu_seconds += trained.cpu_seconds
        office.trained += 1
        if office.step not in gates:
            gates[office.step] = judge_versions(
                snapshot, trained.version, office.version, placement=self.request.settings.placement()
            )
        decision = gates[office.step]
        promoted = decision.promote or office.version is None
        if promoted:
            office.take(trained.version, step)
        return {"promoted": promoted, "gate": decision.reason, "seconds": trained.seconds}

    def _snapshot(self, step: int) -> "Snapshot":
        """What a retrain at the step's beginning would freeze."""
        from data.snapshot_build import build_snapshot

        snapshot = build_snapshot(
            self.timeline.contents_at(self.clock.time(step)),
            self.request.settings.split(),
            key=f"step {step}",
            created_at=self.clock.day(step),
            previous_threshold=self.threshold,
        )
        self.threshold = snapshot.split.holdout_threshold
        return snapshot


def _step_of(
    office: Office,
    step: int,
    told: dict[str, Any],
    one: "Judged",
    question: "ForwardQuestion",
    course: _Course,
) -> "PolicyStep":
    """What is told about a policy's step."""
    from evaluation.replay import PolicyStep, figures_of

    return PolicyStep(
        policy=office.policy,
        step=step,
        day=course.clock.day(step),
        trained=told["trained"],
        fired=told["fired"],
        rule=told["rule"],
        promoted=told.get("promoted"),
        gate=told.get("gate", ""),
        in_force=office.step,
        seconds=round(told.get("seconds", 0.0), 3),
        known=one.known,
        outside=course.timeline.users_at(course.clock.time(step)) - one.known,
        provisional=one.provisional,
        placed=one.placed,
        judged=len(question.users),
        judged_served=int(one.values.served.sum()),
        figures=figures_of(one.values),
    )


def _told(found: "list[PolicyStep]") -> str:
    """One line about a step."""
    parts = []
    for one in found:
        recall = one.figures["recall"]
        mark = "" if one.promoted is None else (" *" if one.promoted else " refused")
        parts.append(f"{one.policy} {'–' if recall is None else f'{recall.mean:.4f}'}{mark}")
    return f"{found[0].step:>3}  {found[0].day}  {found[0].judged:,} users  " + "  ".join(parts)


def _about(request: ReplayRequest, timeline: "Timeline", clock: Clock, trainer: "Trainer") -> dict[str, Any]:
    """Source, clock, settings, command and seeds, as JSON values."""
    from assets.benchmark.about import about_run

    seeds = {"training": request.settings.seed, "source": request.source.seed, "bootstrap": 0}
    return {
        "source": request.source.name,
        "made_of": request.source.about,
        "users": timeline.n_users,
        "returning_users": _returning(timeline, clock),
        "items": timeline.n_items,
        "events": len(timeline.times),
        "clock": {
            "begins": clock.day(0),
            "step_days": clock.step / 86400,
            "steps": clock.n,
            "history": request.history,
        },
        "command": request.command,
        "seeds": {name: seed for name, seed in seeds.items() if seed is not None},
        "settings": request.settings.as_json(),
        "rule": asdict(request.rule),
        "text_seconds": round(trainer.text_seconds, 2),
        **about_run(language_model=request.settings.language_model),
    }


def _returning(timeline: "Timeline", clock: Clock) -> int:
    """Users who act in at least two of the steps, the history being one."""
    at = np.maximum((timeline.times - clock.start) // clock.step, -1)
    visits = np.unique(np.stack([timeline.pairs[:, 0], at], axis=1), axis=0)
    return int((np.bincount(visits[:, 0]) >= 2).sum())

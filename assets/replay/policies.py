"""When each policy trains, and what is in office under it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from assets.retrain_rule import RetrainRule, Signals, retrain_due

if TYPE_CHECKING:
    from assets.model_version import ModelVersion
    from data.timeline import Timeline

POLICIES = ("never", "always", "loop")
DAY = 24 * 3600


class Wish(NamedTuple):
    """Whether a policy wants to train, why, and what the rule said."""

    train: bool
    fired: tuple[str, ...]
    rule: str


@dataclass
class Office:
    """What one policy has done so far.

    Attributes:
        policy: Its name.
        version: In office; None before the first.
        step: At which that version was trained; -1 before the first.
        first_recall: What the version was worth in its first step; None before that is known.
        last_recall: Likewise in its latest one.
        seconds: Of all trainings.
        cpu_seconds: The same on the processor's clock.
        trained: Versions trained.
        promoted: Of them came into office.
        values: What was in office was worth, by step.
    """

    policy: str
    version: "ModelVersion | None" = None
    step: int = -1
    first_recall: float | None = None
    last_recall: float | None = None
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    trained: int = 0
    promoted: int = 0
    values: list[Any] = field(default_factory=list)

    def take(self, version: "ModelVersion", step: int) -> None:
        """A version comes into office."""
        self.version, self.step = version, step
        self.first_recall = self.last_recall = None
        self.promoted += 1

    def note(self, values: Any) -> None:
        """What the version in office was worth in the step that ends."""
        self.values.append(values)
        if len(values.recall):
            self.last_recall = float(values.recall.mean())
            self.first_recall = self.last_recall if self.first_recall is None else self.first_recall


def wish(office: Office, signals: Callable[[], Signals], rule: RetrainRule) -> Wish:
    """Whether a policy wants to train at a step's beginning.

    Args:
        office: The policy, and what is in office under it.
        signals: Looks at what has changed; asked by ``loop`` alone.
        rule: The sensors' thresholds.

    Returns:
        The wish; with nothing in office every policy wants the first version.
    """
    if office.version is None:
        return Wish(True, ("first",), "")
    if office.policy == "never":
        return Wish(False, (), "")
    if office.policy == "always":
        return Wish(True, ("every step",), "")
    decision = retrain_due(signals(), rule)
    return Wish(decision.act, tuple(decision.fired), decision.message)


def signals_at(
    office: Office, timeline: "Timeline", *, since: int, time: int, min_interactions: int
) -> Signals:
    """What the sensor would see.

    Args:
        office: What is in office.
        timeline: The events.
        since: When its snapshot was taken.
        time: Now.
        min_interactions: From so many on a user outside counts.
    """
    if office.version is None:
        raise ValueError(f"{office.policy} has nothing in office, so that nothing can have changed")
    inside = np.zeros(timeline.n_users, dtype=np.bool_)
    inside[timeline.users.index_of(office.version.users.ids)] = True
    events = np.bincount(timeline.pairs_before(time)[:, 0], minlength=timeline.n_users)
    new = timeline.pairs_between(since, time)
    active = np.zeros(timeline.n_users, dtype=np.bool_)
    active[new[:, 0]] = True
    lost = None
    if office.first_recall:
        lost = max(0.0, 1 - (office.last_recall or 0.0) / office.first_recall)
    return Signals(
        users_outside=int((~inside & active & (events >= min_interactions)).sum()),
        users_known=len(office.version.users),
        new_events=len(new),
        events_outside=int((~inside[new[:, 0]]).sum()),
        age_days=(time - since) / DAY,
        forward_drop=lost,
    )

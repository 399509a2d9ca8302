"""When a retrain is worth it: a pure decision on named numbers. Sensors and the replay ask the same function."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

CRON_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))  # minute, hour, day, month, weekday
CRON_PART = re.compile(r"(\*|(?P<first>\d+)(-(?P<last>\d+))?)(/(?P<step>\d+))?")
SHARES = ("share", "traffic", "text_distance", "unknown_words", "foreign_texts", "forward_drop")


@dataclass(frozen=True)
class RetrainRule:
    """When what has changed makes a retrain worth it; any one threshold is enough.

    Attributes:
        users: Request a retrain when at least this many users are outside the published vocabulary; those who have
            done nothing since its snapshot do not count, for a retrain would leave them outside again.
        share: ... or when they are at least this share of all users with enough interactions, in (0, 1].
        min_interactions: A user counts from this many interactions on, >= 1.
        traffic: ... or when users outside made at least this share of the interactions since the published
            version's snapshot, in (0, 1].
        min_events: ... if there are at least this many of them, >= 1; so few say nothing about the traffic.
        age_days: ... or when the published version was made so many days ago and anything is new, > 0;
            infinity (``.inf`` in a file): never.
        text_distance: ... or when the texts of new items lie at least so far from those trained on: energy
            coefficient of their embeddings' distributions, in (0, 1].
        unknown_words: ... or when at least this share of their words is unknown, beyond what is usual, in (0, 1].
        foreign_texts: ... or when at least this share of the new texts is of mostly unknown words, as texts in
            another language are, beyond what is usual, in (0, 1].
        forward_drop: ... or when the live forward metric has lost at least this share of its first value,
            in (0, 1].
        cool_down_minutes: Time between a retrain's end and the next request, also after a failure, >= 0. It doubles
            with each version that was refused or held in a row, up to a day.
        tick_seconds: How often the sensor looks, >= 1; read when Dagster loads.
        nightly: Cron expression, in UTC, of the schedule that retrains anyway; read when Dagster loads.
        watch: Cron expression, in UTC, of the schedule that measures what is published; read when Dagster loads.
    """

    users: int = 500
    share: float = 0.05
    min_interactions: int = 3
    traffic: float = 0.2
    min_events: int = 1000
    age_days: float = 30.0
    text_distance: float = 0.2
    unknown_words: float = 0.3
    foreign_texts: float = 0.2
    forward_drop: float = 0.3
    cool_down_minutes: float = 30.0
    tick_seconds: int = 60
    nightly: str = "0 3 * * *"
    watch: str = "30 * * * *"

    def __post_init__(self) -> None:
        for name in ("users", "min_interactions", "min_events", "tick_seconds"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in SHARES:
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in (0, 1], got {getattr(self, name)}")
        if not self.age_days > 0:
            raise ValueError(f"age_days must be above 0, got {self.age_days}")
        if self.cool_down_minutes < 0:
            raise ValueError(f"cool_down_minutes must not be negative, got {self.cool_down_minutes}")
        for name in ("nightly", "watch"):
            if not is_cron(getattr(self, name)):
                raise ValueError(
                    f"{name} must be a cron expression of five fields (minute, hour, day, month, weekday) such as "
                    f"'0 3 * * *', got {getattr(self, name)!r}"
                )


def is_cron(text: str) -> bool:
    """Whether a text is a cron expression of numbers, ranges, lists and steps, each within its field's bounds."""
    fields = text.split()
    return len(fields) == len(CRON_BOUNDS) and all(
        _is_cron_field(field, low, high) for field, (low, high) in zip(fields, CRON_BOUNDS, strict=True)
    )


def _is_cron_field(field: str, low: int, high: int) -> bool:
    for part in field.split(","):
        match = CRON_PART.fullmatch(part)
        if match is None or match["step"] == "0":
            return False
        ends = [int(end) for end in (match["first"], match["last"]) if end]
        if ends != sorted(ends) or not all(low <= end <= high for end in ends):
            return False
    return True


@dataclass(frozen=True)
class Signals:
    """What the rule looks at, all relative to the published version.

    Attributes:
        users_outside: Users with at least ``min_interactions`` interactions, one since its snapshot at least, outside
            its vocabulary.
        users_known: Users in its vocabulary.
        new_events: Interactions since its snapshot.
        events_outside: Those of them that users outside made.
        age_days: Days since it was made, >= 0.
        text_distance, unknown_words, foreign_texts: Drift of the texts of items since its snapshot, as in
            :class:`RetrainRule`; None where there are too few to say.
        forward_drop: Share of its first forward metric that was lost since, 0 if it rose; None if unknown.
    """

    users_outside: int
    users_known: int
    new_events: int
    events_outside: int = 0
    age_days: float = 0.0
    text_distance: float | None = None
    unknown_words: float | None = None
    foreign_texts: float | None = None
    forward_drop: float | None = None

    @property
    def share(self) -> float:
        """Share of the users with enough interactions that are outside, 0 without any."""
        total = self.users_outside + self.users_known
        return self.users_outside / total if total else 0.0

    @property
    def traffic(self) -> float:
        """Share of the new interactions that users outside made, 0 without any."""
        return self.events_outside / self.new_events if self.new_events else 0.0


@dataclass(frozen=True)
class Decision:
    """Whether to act, and the sentence that says why, with its numbers.

    Attributes:
        act: Whether to act.
        message: The sentence.
        fired: Names of the thresholds that were reached, in the rule's order.
    """

    act: bool
    message: str
    fired: tuple[str, ...] = ()


def retrain_due(signals: Signals, rule: RetrainRule) -> Decision:
    """Decide on a retrain.

    Args:
        signals: The numbers.
        rule: The thresholds; one counts as reached when it is equalled.

    Returns:
        The decision; its message has every number with its threshold.
    """
    fired = tuple(_fired(signals, rule)) if signals.new_events else ()
    numbers = "; ".join(_spoken(signals, rule))
    if fired:
        return Decision(True, f"{numbers}: retrain ({', '.join(fired)})", fired)
    if not signals.new_events:
        return Decision(False, f"{numbers}: nothing to do, no interaction is new")
    return Decision(False, f"{numbers}: nothing to do")


def _fired(signals: Signals, rule: RetrainRule) -> Iterator[str]:
    """Names of the thresholds that are reached."""
    if signals.users_outside >= rule.users:
        yield "users"
    if signals.users_outside and signals.share >= rule.share:
        yield "share"
    if signals.new_events >= rule.min_events and signals.traffic >= rule.traffic:
        yield "traffic"
    if signals.age_days >= rule.age_days:
        yield "age_days"
    for name in ("text_distance", "unknown_words", "foreign_texts", "forward_drop"):
        value = getattr(signals, name)
        if value is not None and value >= getattr(rule, name):
            yield name


def _spoken(signals: Signals, rule: RetrainRule) -> Iterator[str]:
    """Each number with its threshold."""
    total = signals.users_outside + signals.users_known
    yield (
        f"{signals.users_outside} users with at least {rule.min_interactions} interactions are outside the published "
        f"vocabulary of {signals.users_known} ({signals.share:.1%} of {total}), thresholds {rule.users} users or "
        f"{rule.share:.1%}"
    )
    yield (
        f"they made {signals.traffic:.1%} of {signals.new_events} new interactions, threshold {rule.traffic:.1%} of at "
        f"least {rule.min_events}"
    )
    yield f"the version is {signals.age_days:.1f} days old, threshold {rule.age_days:g}"
    for name, words in (
        ("text_distance", "distance of new texts"),
        ("unknown_words", "unknown words beyond the usual"),
        ("foreign_texts", "foreign texts beyond the usual"),
        ("forward_drop", "loss of the forward metric"),
    ):
        value = getattr(signals, name)
        number = "not measured" if value is None else f"{value:.3f}"
        yield f"{words} {number}, threshold {getattr(rule, name):g}"

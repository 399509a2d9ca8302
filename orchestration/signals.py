"""What the retrain rule looks at, read at each tick: counts of the store, and the newest look of the watch."""

import time

from assets.retrain_rule import RetrainRule, Signals
from assets.watch_history import WatchHistory
from data.home import Home
from data.store.store import Store
from orchestration.artifact_folder import ArtifactError, check_artifact

SECONDS_A_DAY = 86_400


def read_signals(store: Store, home: Home, rule: RetrainRule) -> Signals | None:
    """The rule's numbers at this moment; None where nothing is published.

    Args:
        store: The home's store, open.
        home: Where the watch keeps what it measured.
        rule: Says from how many interactions on a user counts.
    """
    arrivals = store.arrivals(min_events=rule.min_interactions)
    if arrivals is None:
        return None
    measured = watched(home).newest(arrivals.version)
    return Signals(
        users_outside=arrivals.users_outside,
        users_known=arrivals.users_known,
        new_events=arrivals.new_events,
        events_outside=arrivals.events_outside,
        age_days=max(0.0, time.time() - arrivals.made_at) / SECONDS_A_DAY,
        text_distance=measured.get("text_distance"),
        unknown_words=measured.get("unknown_words"),
        foreign_texts=measured.get("foreign_texts"),
        forward_drop=measured.get("forward_drop"),
    )


def watched(home: Home) -> WatchHistory:
    """What the watch has measured so far; nothing where it has not run or its file is damaged."""
    folder = home.artifacts / "watch" / "latest"
    try:
        check_artifact(folder)
    except ArtifactError:
        return WatchHistory()
    return WatchHistory.load(folder)

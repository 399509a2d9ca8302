"""What was measured, the loss since the first look, and a file that reads back."""

from pathlib import Path

from assets import watch_history
from assets.watch_history import FORWARD, Measurement, WatchHistory


def seen(history: WatchHistory, version: int, recall: float | None, at: int = 0) -> WatchHistory:
    numbers = {"gini": 0.5} if recall is None else {FORWARD: recall}
    return history.with_one(Measurement(version, at, numbers))


def test_the_loss_is_counted_from_the_first_forward_metric_of_the_version() -> None:
    history = WatchHistory()
    for version, recall in ((1, None), (1, 0.4), (2, 0.1), (1, 0.3), (1, 0.5)):
        history = seen(history, version, recall)
    losses = [one.numbers.get("forward_drop") for one in history.of(1)]
    assert losses[:2] == [None, None]
    assert abs((losses[2] or 0) - 0.25) < 1e-9
    assert losses[3] == 0
    assert history.newest(2) == {FORWARD: 0.1}
    assert history.newest(3) == {}


def test_what_is_not_a_number_is_left_out(tmp_path: Path) -> None:
    history = WatchHistory().with_one(Measurement(1, 5, {"popreo": float("nan"), "arp": 2.0}))
    history.save(tmp_path)
    assert WatchHistory.load(tmp_path) == history == WatchHistory((Measurement(1, 5, {"arp": 2.0}),))


def test_old_ones_are_forgotten_but_for_the_first_of_each_version(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(watch_history, "KEPT", 3)
    history = WatchHistory()
    for at in range(10):
        history = seen(history, 1, 0.4 if at == 0 else 0.2, at)
    assert [one.at for one in history.measurements] == [0, 7, 8, 9]
    assert history.newest(1)["forward_drop"] == 0.5

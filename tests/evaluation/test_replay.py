"""The replay's outcome: totals and differences by hand, the short copy, and a page that stands alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluation.forward_test import ForwardValues
from evaluation.replay import (
    PolicyStep,
    Replay,
    Total,
    differences_of,
    figures_of,
    total_figures,
)

ABOUT = {
    "source": "by hand <b>",
    "users": 30,
    "returning_users": 20,
    "items": 40,
    "events": 500,
    "date": "2024-01-01T00:00:00+00:00",
    "commit": None,
    "command": "coldcast replay synthetic --out out",
    "seeds": {"training": 42},
    "clock": {"begins": "2024-01-01", "step_days": 7.0, "steps": 2, "history": 0.2},
}


def values(recall: list[float], users: list[int]) -> ForwardValues:
    found, none = np.array(recall), np.array([])
    who = np.array(users)
    return ForwardValues(who, found > 0, found, found / 2, np.array([], dtype=np.int64), none, none)


def step(policy: str, number: int, found: ForwardValues, *, promoted: bool | None) -> PolicyStep:
    return PolicyStep(
        policy=policy,
        step=number,
        day="2024-01-01",
        trained=promoted is not None,
        fired=("share",) if promoted is not None else (),
        rule="8 users are outside",
        promoted=promoted,
        gate="version 1 is better" if promoted else "",
        in_force=0,
        seconds=2.0,
        known=20,
        outside=3,
        provisional=1,
        placed=7,
        judged=len(found.users),
        judged_served=int(found.served.sum()),
        figures=figures_of(found),
    )


@pytest.fixture(scope="module")
def replay() -> Replay:
    first = values([1.0, 0.0, 0.5], [0, 1, 2])
    by_policy = {
        "never": [first, values([0.0, 0.0], [1, 2])],
        "always": [first, values([1.0, 0.5], [1, 2])],
        "loop": [first, values([0.5, 0.5], [1, 2])],
    }
    totals = {
        name: Total(total_figures(found), seconds, seconds / 2, trained, trained)
        for (name, found), seconds, trained in zip(
            by_policy.items(), (2.0, 10.0, 4.0), (1, 5, 2), strict=True
        )
    }
    steps = [
        step(name, number, one, promoted=True if not number else (None if name == "never" else False))
        for name, found in by_policy.items()
        for number, one in enumerate(found)
    ]
    return Replay(ABOUT, steps, totals, differences_of(by_policy))


def test_each_user_counts_once_by_the_mean_over_steps(replay: Replay) -> None:
    """never: users 0, 1, 2 have 1, 0, 0.25; loop: 1, 0.25, 0.5; always: 1, 0.5, 0.5."""
    means = {name: total.figures["recall"].mean for name, total in replay.totals.items()}  # type: ignore[union-attr]
    assert means == pytest.approx({"never": 1.25 / 3, "always": 2 / 3, "loop": 1.75 / 3})
    ahead = replay.differences["loop minus never"]["recall"]
    assert ahead is not None
    assert ahead.mean == pytest.approx(0.5 / 3)
    assert replay.differences["loop minus never"]["audience_recall"] is None


def test_the_share_of_always(replay: Replay) -> None:
    assert replay.share_of_always() == pytest.approx(
        {"recall": 1.75 / 2, "train_seconds": 0.4, "train_cpu_seconds": 0.4}
    )


def test_the_short_copy_has_what_it_must(replay: Replay) -> None:
    short = json.loads(replay.to_json())
    assert short["command"] == ABOUT["command"]
    assert short["seeds"] == {"training": 42}
    for policy in ("never", "always", "loop"):
        found = short["policies"][policy]
        assert found["forward_recall_low"] <= found["forward_recall"] <= found["forward_recall_high"]
        assert found["train_seconds"] > 0


def test_the_page_stands_alone(replay: Replay, tmp_path: Path) -> None:
    replay.save(tmp_path)
    page = (tmp_path / "replay.html").read_text(encoding="utf-8")
    assert "by hand &lt;b&gt;" in page
    assert "http" not in page.replace("http://www.w3.org", "")
    for told in ("share", "8 users are outside", "challenger refused", "87.5%", "3 (2)"):
        assert told in page
    assert page.count("data:image/svg+xml") == 2  # nobody had an audience


def test_steps_without_anything_to_judge_are_drawn_as_gaps(replay: Replay) -> None:
    from evaluation.replay_page import page

    nothing = dict.fromkeys(replay.steps[0].figures)
    assert "–" in page(replace(replay, steps=[replace(one, figures=nothing) for one in replay.steps]))

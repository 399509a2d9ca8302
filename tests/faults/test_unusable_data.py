"""Stores that cannot be trained on, and settings that ask for more than there is: told before anything begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.homes import RETRAIN, artefacts, coldcast, contents_of, refused


def imported(folder: Path, items: int, events: list[tuple[str, str]]) -> Path:
    """A home with some items and some events."""
    listed, happened = folder / "items.csv", folder / "events.csv"
    listed.write_text("item_id,text\n" + "".join(f"i{n},title {n}\n" for n in range(items)))
    happened.write_text("user_id,item_id\n" + "".join(f"{user},{item}\n" for user, item in events))
    arguments = ["import", "files", "--items", listed]
    done = coldcast(folder / "home", *arguments, *(["--interactions", happened] if events else []))
    assert done.exit_code == 0, done.output
    return folder / "home"


def refused_retrain(home: Path, *more: str) -> str:
    """The message of a retrain that cannot be; nothing was planned, trained or entered."""
    home.mkdir(exist_ok=True)
    before = contents_of(home)
    message = refused(coldcast(home, *RETRAIN, *more))
    assert contents_of(home) == before
    assert artefacts(home) == []
    return message


def test_an_empty_store_and_one_without_interactions(tmp_path: Path) -> None:
    assert "no interactions to split; import some" in refused_retrain(tmp_path / "empty")
    assert "no interactions to split; import some" in refused_retrain(imported(tmp_path, 3, []))


def test_no_item_is_held_out(tmp_path: Path) -> None:
    home = imported(tmp_path, 1, [("a", "i0"), ("b", "i0")])
    message = refused_retrain(home)
    assert "held-out" in message or "held out" in message


def test_no_item_is_warm(tmp_path: Path) -> None:
    """A split folder whose training file is empty."""
    home = imported(tmp_path, 3, [("a", "i0"), ("b", "i1"), ("a", "i2")])
    folder = tmp_path / "split"
    folder.mkdir()
    parts = {
        "warm_train": "",
        "warm_val": "",
        "warm_test": "",
        "cold_item_val": "0,0\n",
        "cold_item_test": "1,1\n",
    }
    for name, rows in parts.items():
        (folder / f"{name}.csv").write_text(f"user,item\n{rows}")
    assert "warm" in refused_retrain(home, "--split", str(folder))


def test_a_user_without_a_training_pair_is_left_out_and_counted(tmp_path: Path) -> None:
    from data.snapshot_plan import preview_snapshot
    from data.split_choice import SplitChoice
    from data.store.store import Store

    events = [(f"u{user}", f"i{item}") for user in range(30) for item in range(40) if (user + item) % 3]
    home = imported(tmp_path, 40, [*events, ("once", "i0"), *((f"late{n}", f"i{n}") for n in range(40))])
    with Store.open(f"sqlite:///{home / 'coldcast.db'}") as store:
        draft, _ = preview_snapshot(store, SplitChoice(holdout=0.3, minimum=10))
    outside = draft.manifest.counts["users_outside_vocabulary"]
    assert outside > 0
    assert draft.n_users == 71 - outside
    assert draft.manifest.counts["dropped_pairs_of_users_outside_vocabulary"] == outside
    assert any("user without training pair" in sentence for sentence in draft.manifest.warnings)


@pytest.mark.parametrize("section", ["distributions", "placement"])
def test_more_users_per_item_than_there_are(tmp_path: Path, section: str) -> None:
    home = imported(tmp_path, 3, [("a", "i0"), ("b", "i1"), ("a", "i2")])
    message = refused_retrain(home, "--set", f"{section}.users_per_item=3")
    assert f"{section}.users_per_item is 3, but there are 2 users; give at most 2" in message


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("bpr.dd=3", "unknown setting bpr.dd"),
        ("bprr.d=3", "unknown section 'bprr'"),
        ("bpr.d", "--set takes section.field=value"),
        ("bpr.d=0", "settings of bpr"),
        ("bpr.d=[", "is not YAML"),
    ],
)
def test_wrong_settings(tmp_path: Path, setting: str, words: str) -> None:
    assert words in refused(coldcast(tmp_path / "home", "retrain", "--set", setting))


@pytest.mark.slow
def test_commands_that_need_what_is_not_there_yet(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert "nothing is published yet; run `coldcast retrain`" in refused(coldcast(home, "place"))
    assert "nothing is published yet" in refused(coldcast(home, "place", "--text", "a title"))
    assert "--text is empty" in refused(coldcast(home, "place", "--text", " "))
    assert "there is no trained model" in refused(coldcast(home, "evaluate"))
    assert "there is no snapshot 'x'" in refused(coldcast(home, "evaluate", "--snapshot", "x"))
    assert "coldcast retrain" in refused(coldcast(home, "rollback"))

"""A test pair planted in training: found by the split, by the judges' input, and by the check that stops a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assets.judging import evaluation_input
from data.interactions import Interactions
from data.snapshot import Snapshot
from data.snapshot_build import build_snapshot
from data.snapshot_hash import content_hash
from data.split import PairPart, Split
from data.split_choice import SplitChoice
from tests.data.contents import contents_of as store_of
from tests.data.contents import random_events
from tests.faults.homes import RETRAIN, WORLD, artefacts, coldcast, contents_of, refused


@pytest.fixture(scope="module")
def honest() -> Snapshot:
    """A small snapshot with held-out items in both phases."""
    contents = store_of(
        random_events(20, 38, n=400, seed=0),
        users=[f"u{at}" for at in range(20)],
        items=[f"i{at}" for at in range(40)],
    )
    return build_snapshot(
        contents, SplitChoice(holdout=0.25, minimum=10), key="k", created_at="2024-01-01T00:00:00+00:00"
    )


@pytest.mark.parametrize("kind", ["cold", "warm"])
def test_the_split_refuses_it(honest: Snapshot, kind: str) -> None:
    split = honest.split
    planted = getattr(split.test, kind)[:1]
    with pytest.raises(ValueError, match="every pair must stand in one part of the split, once; got 1 overl"):
        replace(split, train=np.concatenate([split.train, planted]))
    replace(split, train=split.train.copy())


@pytest.mark.parametrize("kind", ["cold", "warm"])
def test_the_judges_refuse_it(honest: Snapshot, kind: str) -> None:
    data = evaluation_input(honest)
    planted = getattr(data, f"{kind}_test")[:1]
    user, item = planted[0].tolist()
    with pytest.raises(
        ValueError,
        match=rf"1 pairs of {kind}_test are also training pairs \(first: user {user}, item {item}\)",
    ):
        replace(data, train=np.concatenate([data.train, planted]))


def with_a_leak(snapshot: Snapshot) -> Snapshot:
    """One test pair of a held-out item trains; the hashes are right again, as if nobody had looked."""
    pairs, parts = snapshot.interactions.pairs, snapshot.parts.copy()
    parts[np.flatnonzero(parts == PairPart.COLD_TEST)[0]] = PairPart.TRAIN
    split = Split.from_parts(
        snapshot.split.protocol,
        pairs,
        parts=parts,
        item_role=snapshot.split.item_role,
        holdout_threshold=snapshot.split.holdout_threshold,
    )
    interactions = Interactions(
        pairs, snapshot.interactions.times, snapshot.interactions.weights, snapshot.n_users, snapshot.n_items
    )
    leaking = replace(snapshot, split=split, interactions=interactions)
    found = content_hash(
        leaking.users, leaking.items, texts=leaking.texts, interactions=interactions, split=split
    )
    return leaking.with_manifest(content_hash=found)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_check_stops_the_run_and_the_next_one_does_not_pass_it_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The split's own guard is switched off, so that only the expectation is left to notice."""
    import data.snapshot_plan

    home = tmp_path / "home"
    assert coldcast(home, *WORLD).exit_code == 0
    freeze = data.snapshot_plan.freeze_snapshot
    with monkeypatch.context() as planted:
        planted.setattr("data.split.check_split", lambda split: None)
        planted.setattr(
            data.snapshot_plan, "freeze_snapshot", lambda store, key: with_a_leak(freeze(store, key))
        )
        for attempt in range(2):
            message = refused(result := coldcast(home, *RETRAIN))
            assert (
                "the check held_out_is_absent_from_training on interaction_snapshot stopped the run"
                in message
            )
            assert "held-out items are absent from training" in message
            assert [folder.parent.name for folder in artefacts(home)] == ["interaction_snapshot"]
            assert contents_of(home)[2] is None
            if attempt:
                assert "the check held_out_is_absent_from_training did not pass" in result.output

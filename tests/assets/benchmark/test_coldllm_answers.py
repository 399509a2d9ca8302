"""What the language model was asked: once each, kept by block, the same whoever asks again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assets.benchmark import coldllm_answers
from assets.benchmark.inputs import Inputs
from assets.judging import evaluation_input
from data.snapshot import Snapshot
from models.baselines.array_types import Indices, Matrix
from models.baselines.coldllm.refiner import Refiner, RefinerConfig
from models.baselines.factors import Factors
from tests.assets.benchmark.worlds import ITEMS, USERS
from tests.fakes import tiny_encoder

SHORT = RefinerConfig(history=2, title_tokens=6, pairs=64, epochs=1, batch_size=16, hard_among=5)
SETTINGS = {"mf": {"filter": 1}, "ngcf": {"filter": 2}}


@pytest.fixture
def inputs(snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inputs:
    """The world, few questions, three blocks of items, and a language model of two layers."""
    monkeypatch.setattr("models.baselines.coldllm.refiner.RefinerConfig", lambda: SHORT)
    monkeypatch.setattr(coldllm_answers, "ITEMS_PER_BLOCK", -(-len(cold_items(snapshot)) // 3))
    found = Inputs(snapshot, tmp_path / "cache", language_model=tiny_encoder(tmp_path / "encoder"))
    monkeypatch.setattr(
        coldllm_answers, "rival_input", lambda inputs, kind, seed: rival_input(inputs, None, seed)
    )
    return found


rival_input = coldllm_answers.rival_input


def cold_items(snapshot: Snapshot) -> Indices:
    """Held-out cold items."""
    return evaluation_input(snapshot).cold_items


def candidates(snapshot: Snapshot, *, n: int, seed: int) -> Indices:
    """Random users of each cold item, (C, n)."""
    rng = np.random.default_rng(seed)
    return np.stack([rng.permutation(USERS)[:n] for _ in cold_items(snapshot)])


def asked_of(inputs: Inputs, asked: dict[str, Indices]) -> Matrix:
    """The answers, with a filter that knows nothing."""
    factors = Factors(np.ones((USERS, 1), np.float32), np.ones((ITEMS, 1), np.float32))
    cold = cold_items(inputs.snapshot)
    found, _ = coldllm_answers.answers(
        inputs, cold, asked, factors=factors, vectors="mf", settings=SETTINGS, seed=42
    )
    return found


def heard(monkeypatch: pytest.MonkeyPatch, *, stop_after: int | None = None) -> list[set[tuple[int, int]]]:
    """Pairs that the language model is asked about, call by call, from now on."""
    margins, calls = Refiner.margins, []

    def asked(refiner: Refiner, users: Indices, items: Indices) -> Matrix:
        if len(calls) == stop_after:
            raise KeyboardInterrupt
        calls.append(set(zip(users.tolist(), items.tolist(), strict=True)))
        assert len(calls[-1]) == len(users)
        return margins(refiner, users, items)

    monkeypatch.setattr(Refiner, "margins", asked)
    return calls


@pytest.mark.slow
def test_a_unit_that_is_stopped_goes_on_at_the_block_it_was_at(
    inputs: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = candidates(inputs.snapshot, n=4, seed=0)
    with monkeypatch.context() as stopped:
        heard(stopped, stop_after=2)
        with pytest.raises(KeyboardInterrupt):
            asked_of(inputs, {"mf": users})
    monkeypatch.setattr("models.baselines.coldllm.refiner.fit", None)  # not trained again
    with monkeypatch.context() as resumed:
        again = heard(resumed)
        found = asked_of(inputs, {"mf": users})
    assert len(again) == 1
    assert found.shape == users.shape
    assert np.isfinite(found).all()


@pytest.mark.slow
def test_what_one_kind_asked_the_next_does_not_ask_again(
    inputs: Inputs, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (candidates(snapshot, n=6, seed=seed) for seed in (1, 2))
    calls = heard(monkeypatch)
    answers = asked_of(inputs, {"mf": first})
    before = set().union(*calls)
    both = asked_of(inputs, {"mf": first, "ngcf": second})
    after = set().union(*calls)
    cold = cold_items(snapshot).tolist()
    wanted = [
        {(user, item) for item, row in zip(cold, of, strict=True) for user in row.tolist()}
        for of in (first, second)
    ]
    assert before == wanted[0]
    assert after == wanted[0] | wanted[1]
    assert sum(map(len, calls)) == len(after)
    known = {
        (user, item): answers[place, column]
        for place, item in enumerate(cold)
        for column, user in enumerate(first[place].tolist())
    }
    seen_twice = 0
    for place, item in enumerate(cold):
        for column, user in enumerate(second[place].tolist()):
            if (user, item) in known:
                seen_twice += 1
                assert both[place, column] == known[user, item]
    assert seen_twice

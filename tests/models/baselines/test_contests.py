"""Shares by hand, what is taken is no rival, and items shown by text in the wanted share."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from models.baselines.contests import Contest, contest_batches, shown_batches
from models.baselines.warm_pairs import WarmPairs
from tests.models.baselines.rival_worlds import rival_input


def contest(taken: list[list[bool]]) -> Contest:
    """Two pairs, two drawn items."""
    nothing = torch.zeros(2, dtype=torch.int64)
    return Contest(nothing, nothing, nothing, torch.tensor(taken))


def test_share_of_the_first_by_hand():
    """Shares 2/4, 6/7 (one drawn item is taken) and, for a second seen item of each pair, 1/3 and 1/2."""
    pairs = contest([[False, False], [True, False]])
    drawn = torch.tensor([[1.0, 1.0], [9.0, 1.0]]).log()
    seen = torch.tensor([[2.0, 1.0], [6.0, 1.0]]).log()
    expected = [[math.log(2), math.log(3)], [math.log(7 / 6), math.log(2)]]
    np.testing.assert_allclose(pairs.first(seen, drawn), expected, rtol=1e-5)
    np.testing.assert_allclose(pairs.first(seen[:, 0], drawn), [row[0] for row in expected], rtol=1e-5)


def test_without_rivals_there_is_nothing_to_learn():
    drawn = torch.zeros(2, 2, requires_grad=True)
    seen = torch.zeros(2, requires_grad=True)
    loss = contest([[True, True], [True, False]]).first(seen, drawn)
    loss.sum().backward()
    assert loss[0] == 0
    np.testing.assert_allclose(seen.grad, [0, -0.5])
    np.testing.assert_allclose(drawn.grad, [[0, 0], [0, 0.5]])


def test_an_epoch_holds_each_pair_once_and_knows_what_is_taken():
    data = rival_input()
    pairs = {tuple(pair) for pair in WarmPairs.of(data).pairs.tolist()}
    batches = list(contest_batches(data, 64, drawn=10, generator=np.random.default_rng(0))(1))
    met = [pair for batch in batches for pair in zip(batch.users.tolist(), batch.seen.tolist(), strict=True)]
    assert set(met) == pairs
    assert len(met) == len(data.train)
    for batch in batches[:3]:
        assert len(batch.drawn) == len(set(batch.drawn.tolist())) == 10
        expected = [[(u, i) in pairs for i in batch.drawn.tolist()] for u in batch.users.tolist()]
        np.testing.assert_array_equal(batch.taken, expected)


@pytest.mark.parametrize("replaced", [0.0, 0.3, 1.0])
def test_items_are_shown_by_text_in_the_wanted_share(replaced: float):
    generator = np.random.default_rng(0)
    contests = contest_batches(rival_input(), 64, drawn=50, generator=generator)
    batches = list(shown_batches(contests, replaced, generator=generator)(1))
    for name in ("seen_by_text", "drawn_by_text"):
        share = torch.cat([getattr(batch, name) for batch in batches]).float().mean()
        assert float(share) == pytest.approx(replaced, abs=0.05)

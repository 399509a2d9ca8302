"""Both contrasts by hand, and cold topics found from text and pairs alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from models.baselines import clcrec
from models.baselines.clcrec import ClcRec, ClcRecConfig
from models.baselines.contests import Contest, Shown
from tests.models.baselines.rival_worlds import by_hand, found, rival_input

SMALL = ClcRecConfig(d=3, hidden=5, temperature=0.5, text_temperature=0.2, text_weight=0.25, norm_weight=0.1)
TOY = ClcRecConfig(d=16, hidden=16, negatives=8, learning_rate=0.01, epochs=2)


def share_of_first(scores):
    """-ln of the first one's share."""
    return -np.log(np.exp(scores[0]) / np.exp(scores).sum())


def test_loss_by_hand():
    """User 4 has seen item 2; of the drawn ones 0 is shown by its text, and 3 is no negative of his."""
    model = ClcRec(by_hand(), SMALL, generator=torch.Generator().manual_seed(0))
    contest = Contest(
        torch.tensor([4]), torch.tensor([2]), torch.tensor([0, 3, 1]), torch.tensor([[False, True, False]])
    )
    batch = Shown(contest, torch.tensor([False]), torch.tensor([True, False, False]))
    items, by_text = [2, 0, 1], [False, True, False]
    texts = model.encoder(model.warm_texts).detach().numpy()
    table, user = model.item_rows.detach().numpy(), model.user_rows.detach().numpy()[4]
    own = table[2] / np.linalg.norm(table[2])
    to_text = share_of_first(np.array([own @ texts[i] / np.linalg.norm(texts[i]) for i in items]) / 0.2)
    shown = [texts[i] if text else table[i] for i, text in zip(items, by_text, strict=True)]
    to_item = share_of_first(np.array([user @ row for row in shown]) / 0.5)
    norms = (np.linalg.norm(user) + np.linalg.norm(table, axis=1).mean()) / 2
    expected = 0.25 * to_text + 0.75 * to_item + 0.1 * norms
    assert float(model.loss(batch).detach()) == pytest.approx(expected, rel=1e-5)


def test_cold_topics_are_found():
    assert found(clcrec.fit(rival_input(), config=TOY)) > 0.8


def test_collaborative_vectors_do_not_matter():
    data = rival_input()
    other = dataclasses.replace(data, user_vectors=data.user_vectors * 0, warm_vectors=data.warm_vectors * 0)
    config = dataclasses.replace(TOY, epochs=1)
    one, two = (clcrec.fit(each, config=config) for each in (data, other))
    np.testing.assert_array_equal(one.items, two.items)


def test_refusals():
    with pytest.raises(ValueError, match=r"replaced must be in \[0, 1\], got 1.5"):
        ClcRecConfig(replaced=1.5)
    with pytest.raises(ValueError, match="temperature must be above 0, got 0"):
        ClcRecConfig(temperature=0)

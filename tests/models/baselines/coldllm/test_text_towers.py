"""The text side of the filter: loss by hand, the target left out, cold topics found."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.baselines.coldllm import text_towers
from models.baselines.coldllm.text_towers import TextTowers, TextTowersConfig
from models.baselines.text_directions import text_directions
from models.baselines.warm_pairs import Triples
from tests.models.baselines.rival_worlds import by_hand, found, rival_input

SMALL = TextTowersConfig(hidden=5, d=3)
TOY = TextTowersConfig(hidden=32, d=16, epochs=3, learning_rate=0.01)


def model_by_hand() -> TextTowers:
    return TextTowers(by_hand(), SMALL, generator=torch.Generator().manual_seed(0))


def test_loss_by_hand():
    data, model = by_hand(), model_by_hand()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(30)  # away from zero, where every loss is ln 2
    users, seen, unseen = [0, 3], [1, 2], [3, 0]  # user 3 reads nothing but item 3 and item 2
    texts = text_directions(data.features, data.warm_items)
    logits, answers = [], []
    for user, i, j in zip(users, seen, unseen, strict=True):
        read = [item for u, item in data.train if u == user]
        for place, answer in ((i, 1), (j, 0)):
            item = data.warm_items[place]
            mean = sum(texts[other] for other in read if other != item)
            tables = (model.user_tower, mean), (model.item_tower, texts[item])
            a, b = (
                tower(torch.from_numpy(2 * row / np.linalg.norm(row)).float()).detach().numpy()
                for tower, row in tables
            )
            logits.append(float(a @ b))
            answers.append(answer)
    p = 1 / (1 + np.exp(-np.array(logits)))
    expected = -np.mean(np.log(np.where(answers, p, 1 - p)))
    batch = Triples(*(torch.tensor(column) for column in (users, seen, unseen)))
    assert float(model.loss(batch).detach()) == pytest.approx(expected, rel=1e-5)


def test_a_user_with_nothing_else_to_tell_is_no_failure():
    model = model_by_hand()
    batch = Triples(torch.tensor([4]), torch.tensor([3]), torch.tensor([0]))  # user 4 reads item 5 alone
    assert torch.isfinite(model.loss(batch))


def test_cold_topics_are_found_and_the_seed_repeats_them():
    one, two = (text_towers.fit(rival_input(), config=TOY) for _ in range(2))
    assert found(one) > 0.8
    np.testing.assert_array_equal(one.items, two.items)
    other = text_towers.fit(rival_input(seed=1), config=TOY)
    assert not np.array_equal(one.items, other.items)

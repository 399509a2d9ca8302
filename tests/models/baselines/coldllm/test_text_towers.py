"""The text side of the filter: loss by hand, the target left out, cold topics found."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.baselines.coldllm import text_towers
from models.baselines.coldllm.text_towers import TextTowers, TextTowersConfig
from models.baselines.contests import Contest
from models.baselines.text_directions import text_directions
from tests.models.baselines.rival_worlds import by_hand, found, rival_input

SMALL = TextTowersConfig(hidden=5, temperature=0.5)
TOY = TextTowersConfig(hidden=32, epochs=3, learning_rate=0.01)


def model_by_hand() -> TextTowers:
    return TextTowers(by_hand(), SMALL, generator=torch.Generator().manual_seed(0))


def direction(row: np.ndarray) -> np.ndarray:
    return row / max(np.linalg.norm(row), 1e-12)


def test_before_training_a_tower_hands_the_text_on():
    data, model = by_hand(), model_by_hand()
    texts = text_directions(data.features, data.warm_items)
    with torch.no_grad():
        users, items = model.vectors()
    np.testing.assert_allclose(items.numpy(), texts, atol=1e-6)
    for user in range(data.n_users):
        read = texts[[item for u, item in data.train if u == user]]
        np.testing.assert_allclose(users[user].numpy(), direction(read.sum(axis=0)), atol=1e-5)


def test_loss_by_hand():
    data, model = by_hand(), model_by_hand()
    with torch.no_grad():
        for tower in (model.user_tower, model.item_tower):
            tower.second.weight.normal_(generator=torch.Generator().manual_seed(1))

    def mapped(tower: torch.nn.Module, row: np.ndarray) -> np.ndarray:
        first, second = (layer.weight.detach().numpy() for layer in (tower.first, tower.second))
        own = direction(row)
        return direction(own + second @ np.maximum(first @ own, 0))

    texts = text_directions(data.features, data.warm_items)
    users, seen, drawn = [0, 3], [1, 2], [3, 0]
    taken = np.array([[False, True], [False, False]])
    losses = []
    for row, (user, place) in enumerate(zip(users, seen, strict=True)):
        item = data.warm_items[place]
        mean = sum(texts[other] for u, other in data.train if u == user and other != item)
        own = mapped(model.user_tower, mean)
        scores = {
            at: own @ mapped(model.item_tower, texts[data.warm_items[at]]) / 0.5 for at in (place, *drawn)
        }
        unseen = [at for at, known in zip(drawn, taken[row], strict=True) if not known]
        losses.append(-np.log(np.exp(scores[place]) / sum(np.exp(scores[at]) for at in (place, *unseen))))
    batch = Contest(*(torch.tensor(column) for column in (users, seen, drawn)), torch.from_numpy(taken))
    assert float(model.loss(batch).detach()) == pytest.approx(np.mean(losses), rel=1e-5)


def test_a_user_with_nothing_else_to_tell_is_no_failure():
    model = model_by_hand()  # user 4 reads item 5 alone
    batch = Contest(torch.tensor([4]), torch.tensor([3]), torch.tensor([0]), torch.tensor([[False]]))
    loss = model.loss(batch)
    loss.backward()
    assert torch.isfinite(loss)
    assert all(torch.isfinite(value.grad).all() for value in model.parameters())


def test_cold_topics_are_found_and_the_seed_repeats_them():
    one, two = (text_towers.fit(rival_input(), config=TOY) for _ in range(2))
    assert found(one) > 0.8
    np.testing.assert_array_equal(one.items, two.items)
    other = text_towers.fit(rival_input(seed=1), config=TOY)
    assert not np.array_equal(one.items, other.items)

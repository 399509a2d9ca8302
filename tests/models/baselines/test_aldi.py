"""Four lessons by hand, warm scores are the teacher's, cold topics found."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.baselines import aldi
from models.baselines.aldi import Aldi, AldiConfig, item_confidence, self_likeness, weighted_entropy
from models.baselines.warm_pairs import Triples
from tests.models.baselines.rival_worlds import by_hand, found, rival_input

SMALL = AldiConfig(
    hidden=5, ranking_weight=0.4, identification_weight=0.3, rating_weight=0.2, l2=0.1, weigh_items=True
)
TOY = AldiConfig(hidden=16, epochs=3, learning_rate=0.01)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def entropy(logit, taught):
    """Cross-entropy of two Bernoulli laws given by logits."""
    p, q = sigmoid(logit), sigmoid(taught)
    return -(q * np.log(p) + (1 - q) * np.log(1 - p))


def test_loss_by_hand():
    data = by_hand()
    model = Aldi(data, SMALL, generator=torch.Generator().manual_seed(0)).eval()
    users, seen, unseen = [0, 4], [1, 3], [3, 2]
    batch = Triples(torch.tensor(users), torch.tensor(seen), torch.tensor(unseen))
    f_user = model.user_student(model.users).detach().numpy()
    f_item = model.item_student(model.warm_texts).detach().numpy()
    confidence = item_confidence(data, 4.0)
    terms = []
    for u, i, j in zip(users, seen, unseen, strict=True):
        s_i, s_j = f_user[u] @ f_item[i], f_user[u] @ f_item[j]
        t_i, t_j = data.user_vectors[u] @ data.warm_vectors[[i, j]].T
        own_s = f_item[i] @ f_item[i] - np.mean([f_item[i] @ f_item[k] for k in unseen])
        own_t = data.warm_vectors[i] @ data.warm_vectors[i]
        own_t -= np.mean([data.warm_vectors[i] @ data.warm_vectors[k] for k in unseen])
        lessons = confidence[i] * (0.4 * entropy(s_i - s_j, t_i - t_j) + 0.3 * entropy(own_s, own_t))
        terms.append(-np.log(sigmoid(s_i - s_j)) + 0.2 * (abs(t_i - s_i) + abs(t_j - s_j)) + lessons)
    maps = [m for m in model.modules() if isinstance(m, torch.nn.Linear)]
    size = sum(float(m.weight.detach().square().sum()) for m in maps) / 2
    assert float(model.loss(batch).detach()) == pytest.approx(np.mean(terms) + 0.1 * size, rel=1e-5)


def test_parts_by_hand():
    rows, others = torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 0.0], [3.0, 2.0]])
    assert float(self_likeness(rows, others)) == 5 - (1 + 7) / 2
    value = weighted_entropy(torch.tensor([0.0]), torch.tensor([3.0]), torch.tensor([2.0]))
    assert float(value) == pytest.approx(2 * np.log(2))


def test_confidence_by_hand():
    """Item 5 is half of what users 4 and 5 chose... all of it: they chose nothing else."""
    data = by_hand()
    degrees = np.bincount(data.train[:, 0])
    mass = np.array([sum(1 / degrees[u] for u, i in data.train if i == item) for item in data.warm_items])
    np.testing.assert_allclose(
        item_confidence(data, 4.0), np.tanh(np.minimum(4 * mass / mass.mean(), 4)), rtol=1e-6
    )
    assert mass[-1] == 2


def test_warm_scores_are_the_teachers_and_cold_topics_are_found():
    data = rival_input()
    factors = aldi.fit(data, config=TOY)
    everyone = np.arange(data.n_users)
    np.testing.assert_allclose(
        factors.scores(everyone, data.warm_items), data.user_vectors @ data.warm_vectors.T, atol=1e-6
    )
    d = data.user_vectors.shape[1]
    np.testing.assert_array_equal(factors.items[data.warm_items, :d], data.warm_vectors)
    assert found(factors) > 0.8

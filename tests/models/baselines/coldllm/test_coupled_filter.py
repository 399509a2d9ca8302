"""Two scores of any scale in one product, and the weight that validation picks."""

from __future__ import annotations

import numpy as np

from models.baselines.aldi import AldiConfig
from models.baselines.coldllm import coupled_filter
from models.baselines.coldllm.coupled_filter import FilterConfig, behaviour_factors, couple
from models.baselines.coldllm.text_towers import TextTowersConfig
from models.baselines.factors import Factors
from tests.models.baselines.rival_worlds import found, rival_input, with_validation

CONFIG = FilterConfig(
    TextTowersConfig(hidden=16, epochs=1, learning_rate=0.01),
    AldiConfig(hidden=16, epochs=1, learning_rate=0.01),
    (0.0, 1.0),
)


def factors(*, scale: float, seed: int) -> Factors:
    rng = np.random.default_rng(seed)
    users, items = rng.normal(size=(9, 3)) + 1, scale * rng.normal(size=(5, 3))
    return Factors(users.astype(np.float32), items.astype(np.float32))


def test_a_coupled_score_is_the_sum_of_standardised_scores():
    text, behaviour = factors(scale=1, seed=0), factors(scale=1000, seed=1)
    everyone, everything = np.arange(9), np.arange(5)
    expected = 0
    for weight, part in ((1, text), (0.5, behaviour)):
        scores = part.scores(everyone, everything).astype(np.float64)
        expected = expected + weight * (scores - scores.mean(axis=0)) / scores.std(axis=0)
    coupled = couple(text, behaviour, behaviour_weight=0.5).scores(everyone, everything)
    np.testing.assert_allclose(coupled, expected, atol=1e-4)


def test_the_scale_of_a_side_changes_nothing():
    text = factors(scale=1, seed=0)
    one, two = (
        couple(text, factors(scale=scale, seed=1), behaviour_weight=2).scores(np.arange(9), np.arange(5))
        for scale in (1, 1000)
    )
    np.testing.assert_allclose(one, two, atol=1e-4)


def test_an_item_of_equal_scores_says_nothing():
    text = factors(scale=1, seed=0)
    text.items[2] = 0
    scores = couple(text, text, behaviour_weight=1).scores(np.arange(9), np.array([2]))
    np.testing.assert_array_equal(scores, 0)


def test_warm_items_have_behaviour_scores_too():
    data = rival_input()
    items = behaviour_factors(data, CONFIG.behaviour).items
    assert (np.abs(items).max(axis=1) > 0).all()


def test_validation_picks_the_weight_and_cold_topics_are_found():
    data = rival_input()
    data, shown = with_validation(data, [0.1, 0.1, 0.3, 0.2])  # each side's epoch, then both weights
    fitted = coupled_filter.fit(data, config=CONFIG)
    assert fitted.behaviour_weight == 0.0
    np.testing.assert_array_equal(fitted.factors.items, shown[2].items)
    assert found(coupled_filter.fit(rival_input(), config=CONFIG).factors) > 0.8

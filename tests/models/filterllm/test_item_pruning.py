"""Which items a training needs most: the scores by hand and by automatic differentiation, and the draw."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from models.filterllm import fit
from models.filterllm.distribution import FilterLLM
from models.filterllm.item_pruning import (
    ItemPruning,
    combined_scores,
    drawn_from_strata,
    effort_scores,
    influence_scores,
)
from models.filterllm.losses import distribution_loss
from models.filterllm.objective import WarmItems
from models.filterllm.warm_start import WarmStart
from tests.models.filterllm.conftest import TinyWorld, fit_tiny, tiny_config


def test_the_influence_by_hand() -> None:
    """One number a text: x = (1, 2), y = (1, 1). Mean x^2 = 5/2, so with a ridge of 1/5 the Hessian is 3, B = 1/2.

    Residuals are -1/2 and 0, the mean gradient -1/4: the first item's influence is -1/2 * -1/4 / 3 * 1 / 2 = 1/48.
    """
    found = influence_scores(
        np.array([[1], [2]], dtype=np.float32), np.array([[1], [1]], dtype=np.float32), ridge=0.2
    )
    np.testing.assert_allclose(found, [1 / 48, 0], atol=1e-12)


def test_the_influence_is_what_leaving_an_item_out_costs() -> None:
    rng = np.random.default_rng(0)
    texts = rng.standard_normal((200, 4))
    targets = texts @ rng.standard_normal((4, 3)) + 0.3 * rng.standard_normal((200, 3))
    ridge = 0.3 * np.square(texts).sum() / 200 / 4

    def risk_without(left_out: int) -> float:
        weights = np.ones(200)
        if left_out >= 0:
            weights[left_out] = 0
        second = (texts * weights[:, None]).T @ texts / 200 + ridge * np.eye(4)
        best = np.linalg.solve(second, (texts * weights[:, None]).T @ targets / 200)
        return float(np.square(texts @ best - targets).sum() / 2 / 200)

    whole = risk_without(-1)
    exact = np.array([risk_without(item) - whole for item in range(200)])
    found = influence_scores(texts.astype(np.float32), targets.astype(np.float32), ridge=0.3)
    assert np.corrcoef(found, exact)[0, 1] > 0.99


@pytest.fixture
def seen(world: TinyWorld, encoder: str, monkeypatch: pytest.MonkeyPatch) -> tuple[FilterLLM, WarmItems]:
    """A model and its warm items as its training begins."""
    kept: list[Any] = []

    def looked_at(self: ItemPruning, model: FilterLLM, warm: WarmItems, rng: np.random.Generator) -> None:
        kept.extend([copy.deepcopy(model).train(False), warm])

    config = tiny_config(encoder, lora_epochs=0, epochs=1)
    earlier = fit_tiny(world, config)
    monkeypatch.setattr(ItemPruning, "chosen", looked_at)
    everybody = np.arange(earlier.n_users)
    start = WarmStart(earlier, everybody, shrink=0.9, perturb=0.1, pruning=ItemPruning(0.5, 0.5, 25))
    fit_tiny(world, config, start=start)
    return kept[0], kept[1]


def test_the_effort_is_the_gradient_of_an_items_own_loss(seen: tuple[FilterLLM, WarmItems]) -> None:
    model, warm = seen
    found = effort_scores(model, warm, batch_size=3)
    assert found.shape == (len(warm),)
    last = [layer for layer in model.mapper if isinstance(layer, nn.Linear)][-1]
    for item in (0, len(warm) - 1):
        batch = warm.batch(np.array([item]))
        logits = model.learned_logits(model.map_texts(batch.texts.vectors(model.language_model)))
        if batch.text_logits is not None:
            logits = logits + model.text_weight * batch.text_logits
        gradients = torch.autograd.grad(
            distribution_loss(logits, batch.row, batch.user_index), list(last.parameters())
        )
        length = sum(float(one.square().sum()) for one in gradients) ** 0.5
        assert found[item] == pytest.approx(length, rel=1e-4)


def test_scores_are_brought_to_one_before_they_are_added() -> None:
    found = combined_scores(np.array([-1.0, 0.0, 3.0]), np.array([10.0, 30.0, 20.0]), effort_weight=0.5)
    np.testing.assert_allclose(found, [0, 1 / 4 + 1 / 2, 1 + 1 / 4])
    np.testing.assert_allclose(combined_scores(np.ones(2), np.ones(2), effort_weight=1.0), 0)


def test_every_stratum_gives_its_part_and_small_ones_all_they_have() -> None:
    """Strata of 1, 2 and 7 items; 6 are wanted: 2 from each, the first has but 1, so 2 and 3 from the others."""
    scores = np.array([0.0, 0.5, 0.55, 1, 1, 0.9, 0.9, 0.8, 0.8, 0.7])
    found = drawn_from_strata(scores, 6, strata=3, rng=np.random.default_rng(0))
    strata = np.minimum((scores[found] * 3).astype(int), 2)
    np.testing.assert_array_equal(np.bincount(strata), [1, 2, 3])
    again = drawn_from_strata(scores, 6, strata=3, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(found, again)
    others = [drawn_from_strata(scores, 6, strata=3, rng=np.random.default_rng(seed)) for seed in range(9)]
    assert any(not np.array_equal(found, other) for other in others)
    for n in (1, 2, 10):
        rows = drawn_from_strata(scores, n, strata=3, rng=np.random.default_rng(1))
        assert len(np.unique(rows)) == n
    for n in (0, 11):
        with pytest.raises(ValueError, match=f"n must be in 1..10, the number of items, got {n}"):
            drawn_from_strata(scores, n, strata=3, rng=np.random.default_rng(0))


def test_the_settings_choose(seen: tuple[FilterLLM, WarmItems], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    model, warm = seen
    assert ItemPruning(1.0, 0.5, 25).chosen(model, warm, np.random.default_rng(0)) is None
    rows = ItemPruning(0.5, 0.5, 25).chosen(model, warm, np.random.default_rng(0))
    assert rows is not None
    assert len(rows) == round(0.5 * len(warm))
    efforts = effort_scores(model, warm)
    hardest = ItemPruning(share=2 / len(warm), effort_weight=1e9, strata=2)
    two = hardest.chosen(model, warm, np.random.default_rng(0))
    assert two is not None
    upper = efforts[two] - efforts.min() >= (efforts.max() - efforts.min()) / 2
    assert sorted(upper) == [False, True]
    for changes, words in (
        ({"share": 0.0}, "share must be in"),
        ({"effort_weight": -1.0}, "effort_weight must be at least 0"),
        ({"strata": 0}, "strata must be at least 1"),
    ):
        with pytest.raises(ValueError, match=words):
            ItemPruning(**({"share": 0.5, "effort_weight": 0.5, "strata": 2} | changes))  # type: ignore[arg-type]


def test_only_the_chosen_items_train(world: TinyWorld, encoder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    whole = WarmItems.batch

    def counted(self: WarmItems, items: np.ndarray, *texts: Any) -> Any:
        if self.chosen is not None:
            asked.extend(items)
        return whole(self, items, *texts)

    config = tiny_config(encoder, lora_epochs=1, epochs=2)
    earlier = fit_tiny(world, replace(config, lora_epochs=0))
    monkeypatch.setattr(fit.WarmItems, "batch", counted)
    start = WarmStart(
        earlier, np.arange(earlier.n_users), shrink=0.9, perturb=0.1, pruning=ItemPruning(0.5, 0.5, 25)
    )
    model = fit_tiny(world, config, start=start)
    n_warm = len(world.embeddings.warm_items)
    assert len(np.unique(asked)) == round(0.5 * n_warm)
    assert len(asked) == 3 * round(0.5 * n_warm)  # two epochs and one with LoRA
    assert len(model.left_out) == n_warm  # the finished table still answers for all

from __future__ import annotations

import torch

from models.filterllm.mapper import SeededDropout, build_mapper


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def test_both_kinds_have_the_right_width_and_follow_the_generator() -> None:
    features = torch.randn(4, 5, generator=generator())
    for kind, layers in (("mlp", 4), ("linear", 2)):
        state = torch.get_rng_state()
        first, second = (
            build_mapper(kind, sizes=(5, 7, 3), dropout=0.3, generator=generator())  # type: ignore[arg-type]
            for _ in range(2)
        )
        assert torch.equal(torch.get_rng_state(), state)
        assert len(first) == layers
        assert first(features).shape == (4, 3)
        assert torch.equal(first.eval()(features), second.eval()(features))


def test_the_linear_mapper_is_linear_then_relu() -> None:
    mapper = build_mapper("linear", sizes=(5, 7, 3), dropout=0.3, generator=generator())
    features = torch.randn(4, 5, generator=generator())
    by_hand = (features @ mapper[0].weight.T + mapper[0].bias).clamp(min=0)
    torch.testing.assert_close(mapper(features), by_hand)


def test_dropout_keeps_the_mean_and_rests_in_evaluation() -> None:
    dropout = SeededDropout(0.25, generator())
    ones = torch.ones(200, 200)
    dropped = dropout(ones)
    torch.testing.assert_close(dropped.unique(), torch.tensor([0.0, 1 / 0.75]))
    assert abs(dropped.mean().item() - 1) < 0.02  # five standard errors
    assert torch.equal(dropout.eval()(ones), ones)
    assert torch.equal(SeededDropout(0.0, generator())(ones), ones)

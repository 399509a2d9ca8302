from __future__ import annotations

import numpy as np
import pytest
import torch

from models.filterllm.distribution import FilterLLM
from tests.models.filterllm.conftest import N_USERS, TinyWorld, fit_tiny, tiny_config

NEW = ["graph light", "market deep fast", "", "words nobody knows"]


def test_log_probabilities_are_normalised_over_all_users(fitted: FilterLLM) -> None:
    logs = fitted.user_factors() @ fitted.item_factors(NEW).T
    assert logs.shape == (N_USERS, len(NEW))
    np.testing.assert_allclose(np.exp(logs.astype(np.float64)).sum(axis=0), 1, atol=1e-5)


def test_factors_equal_the_formula_written_out(fitted: FilterLLM) -> None:
    assert fitted.fusion.shape == (6, fitted.vocabulary.d)
    assert fitted.text_weight.item() >= 0
    features = torch.from_numpy(fitted.adapted_features(NEW))
    with torch.no_grad():
        unit = torch.nn.functional.normalize(features, dim=1) - fitted.centring.mean
        unit = unit / unit.norm(dim=1, keepdim=True)
        mapped = fitted.mapper(unit * 32**0.5)
        mapped = fitted.log_scale.exp() * mapped / mapped.norm(dim=1, keepdim=True)
        guide = fitted.text_kernel.guide
        expected = torch.exp(unit @ guide.landmarks.T - 1) @ guide.projection - guide.mean
        place = torch.cat([unit, expected / expected.norm(dim=1, keepdim=True)], dim=1)
        kernel = torch.exp(place @ fitted.text_kernel.landmarks.T - 1)
        vectors = mapped @ fitted.fusion + kernel @ fitted.text_kernel.projection
        logits = vectors @ fitted.vocabulary.tokens.T + fitted.vocabulary.bias
        expected = logits.log_softmax(dim=1).T.numpy()
    np.testing.assert_allclose(fitted.user_factors() @ fitted.item_factors(NEW).T, expected, atol=1e-4)


@pytest.mark.parametrize("text_weight", [0.4, 0.0])
def test_fusing_changes_no_answer_where_the_width_suffices(
    world: TinyWorld, encoder: str, monkeypatch: pytest.MonkeyPatch, text_weight: float
) -> None:
    before = {}
    fuse = FilterLLM.fuse

    def noted(model: FilterLLM, features: torch.Tensor, left_out: torch.Tensor) -> None:
        model.text_weight.fill_(text_weight)
        before["factors"] = model.user_factors() @ model.item_factors(world.texts).T
        fuse(model, features, left_out)

    monkeypatch.setattr(FilterLLM, "fuse", noted)
    model = fit_tiny(world, tiny_config(encoder))
    after = model.user_factors() @ model.item_factors(world.texts).T
    np.testing.assert_allclose(after, before["factors"], atol=1e-3)
    assert model.text_tokens.shape == (N_USERS, 0)
    assert bool(model.text_kernel.projection.any()) == (text_weight > 0)
    assert len(model.text_kernel.landmarks)  # the texts are remembered all the same


def test_a_narrow_table_keeps_its_width_and_most_of_the_answers(world: TinyWorld, encoder: str) -> None:
    narrow = fit_tiny(world, tiny_config(encoder, width=3))
    assert narrow.vocabulary.tokens.shape == (N_USERS, 3)
    logs = narrow.user_factors() @ narrow.item_factors(NEW).T
    np.testing.assert_allclose(np.exp(logs.astype(np.float64)).sum(axis=0), 1, atol=1e-5)
    assert (logs[:6, 0] > logs[6:, 0].max()).all()  # "graph" belongs to the first camp
    assert (logs[6:, 1] > logs[:6, 1].max()).all()


def test_relevance_gives_back_part_of_the_normaliser_and_keeps_each_items_order(fitted: FilterLLM) -> None:
    users, items = fitted.user_factors(), fitted.item_factors(NEW)
    relevance = users @ fitted.relevance_factors(NEW).T
    logits = users[:, :-1] @ items[:, :-1].T
    normaliser = np.log(np.exp(logits.astype(np.float64)).sum(axis=0))
    assert fitted.offset_weights == (0.6, 0.0)  # nobody judged
    np.testing.assert_allclose(relevance, logits - 0.4 * normaliser, atol=1e-4)
    np.testing.assert_array_equal(relevance.argmax(axis=0), (users @ items.T).argmax(axis=0))


def test_relevance_takes_the_expected_popularity_along(fitted: FilterLLM) -> None:
    before, popularity = fitted.relevance_factors(NEW), fitted.answers(NEW)[1]
    usual = fitted.offset_weights
    fitted.go_on_with(usual._replace(popularity=2.0))
    try:
        change = fitted.relevance_factors(NEW) - before
        warm = fitted.warm_text_items([])
        more = fitted.with_users(fitted.text_users()[:2], fitted.user_factors()[:2, -2])
        assert more.offset_weights == (0.6, 2.0)
        np.testing.assert_array_equal(more.answers(NEW)[1], popularity)
    finally:
        fitted.go_on_with(usual)
    assert popularity.any()
    np.testing.assert_allclose(change[:, -1], 2 * popularity, atol=1e-4)
    assert not change[:, :-1].any()
    expected = fitted.warm_text_items([])[:, -1] + 2 * fitted.left_out_popularity.numpy()
    np.testing.assert_allclose(warm[:, -1], expected, atol=1e-4)


def test_text_vectors_give_the_relevance_without_the_users_bias(fitted: FilterLLM) -> None:
    bias = fitted.user_factors()[:, -2]
    relevance = fitted.user_factors() @ fitted.relevance_factors(NEW).T
    ones = np.ones((N_USERS, 1), dtype=np.float32)
    told = np.concatenate([fitted.text_users(), ones], axis=1) @ fitted.text_items(NEW).T
    np.testing.assert_allclose(told, relevance - bias[:, None], atol=1e-4)


def test_an_item_without_a_text_has_the_appeal_of_the_users_bias(fitted: FilterLLM) -> None:
    bias = fitted.user_factors()[:, -2].astype(np.float64)
    untold = fitted.untold_item()
    assert not untold[:-1].any()
    assert untold[-1] == pytest.approx(-0.4 * np.log(np.exp(bias).sum()), rel=1e-5)


def test_warm_text_vectors_are_those_without_an_items_own_users(fitted: FilterLLM) -> None:
    told = fitted.warm_text_items([])  # a fused model remembers them
    left_out = fitted.left_out.numpy()
    np.testing.assert_array_equal(told[:, :-1], left_out)
    logits = fitted.text_users() @ left_out.T + fitted.user_factors()[:, -2:-1]
    normaliser = np.log(np.exp(logits.astype(np.float64)).sum(axis=0))
    np.testing.assert_allclose(told[:, -1], -0.4 * normaliser, atol=1e-4)


def test_simulate_names_the_most_probable_users(fitted: FilterLLM) -> None:
    logs = (fitted.user_factors() @ fitted.item_factors(NEW).T).T
    top = fitted.simulate(NEW, k=4)
    np.testing.assert_array_equal(top.users, np.argsort(-logs, axis=1, kind="stable")[:, :4])
    np.testing.assert_allclose(top.log_probabilities, -np.sort(-logs, axis=1)[:, :4], atol=1e-4)
    everyone = fitted.simulate(NEW[:1], k=N_USERS)
    assert np.exp(everyone.log_probabilities).sum() == pytest.approx(1, abs=1e-4)


def test_simulate_refuses_impossible_requests(fitted: FilterLLM) -> None:
    with pytest.raises(ValueError, match=r"k must be in 1..12, the number of users, got 13"):
        fitted.simulate(NEW, k=13)
    with pytest.raises(ValueError, match="texts must hold at least one text"):
        fitted.simulate([], k=1)
    assert fitted.item_factors([]).shape == (0, fitted.user_factors().shape[1])


def test_one_text_at_a_time_equals_all_at_once(fitted: FilterLLM) -> None:
    alone = np.concatenate([fitted.item_factors([text]) for text in NEW])
    np.testing.assert_allclose(fitted.item_factors(NEW), alone, atol=1e-4)


def test_encode_is_the_pretrained_model_without_adapter(fitted: FilterLLM, encoder: str) -> None:
    from models.filterllm.language_model import load_language_model

    untouched = load_language_model(encoder)
    ids = fitted.template.tokenize(untouched.tokenizer, NEW).token_ids
    np.testing.assert_array_equal(fitted.encode(NEW), untouched.encode(ids))
    assert not np.allclose(fitted.encode(NEW), fitted.adapted_features(NEW))


def test_remembering_encodes_each_text_once(fitted: FilterLLM, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    encode = fitted.language_model.encode
    monkeypatch.setattr(
        fitted.language_model,
        "encode",
        lambda ids, **options: seen.append(len(ids)) or encode(ids, **options),
    )
    with fitted.remembering():
        first = fitted.item_factors([*NEW, NEW[0]])
        with fitted.remembering():
            second = fitted.item_factors(NEW)
        fitted.item_factors(NEW)
    assert seen == [4, 0, 0]
    np.testing.assert_array_equal(first[:4], second)
    fitted.item_factors(NEW)
    assert seen == [4, 0, 0, 4]


def test_further_users_join_after_the_others_and_share_the_probability(fitted: FilterLLM) -> None:
    texts = ["graph kernel", "market price"]
    twin = fitted.text_users()[[3]]
    bias = fitted.user_factors()[[3], -2]
    more = fitted.with_users(twin, bias)
    before, after = (model.user_factors() @ model.item_factors(texts).T for model in (fitted, more))
    assert after.shape == (fitted.n_users + 1, 2)
    np.testing.assert_allclose(after[-1], after[3], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(np.exp(after).sum(axis=0), 1.0, atol=1e-5)
    moved = after[:-1] - before  # everybody by as much as the newcomer takes
    np.testing.assert_allclose(moved, np.broadcast_to(moved[0], moved.shape), atol=1e-4)
    assert fitted.n_users == len(before)
    with pytest.raises(ValueError, match="tokens must have shape"):
        fitted.with_users(twin[:, 1:], bias)

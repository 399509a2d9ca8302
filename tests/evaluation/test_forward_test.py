"""The forward test by hand: who is judged by what, who counts zero, and what counts as new."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.forward_test import ForwardQuestion, forward_values, over_steps
from evaluation.scorer import DenseScorer

N_USERS, N_ITEMS = 4, 60
HISTORY = np.array([[0, 0], [0, 1], [1, 2], [2, 2], [0, 0]])
DURING = np.array([[0, 5], [0, 1], [0, 5], [1, 59], [3, 59], [1, 6]])  # (0, 1) is old, (0, 5) comes twice
NEW_ITEMS = np.arange(58, N_ITEMS)


@pytest.fixture
def question() -> ForwardQuestion:
    return ForwardQuestion.of(DURING, HISTORY, n_users=N_USERS, n_items=N_ITEMS, new_items=NEW_ITEMS)


def scorer(best: dict[tuple[int, int], float]) -> DenseScorer:
    """Falling scores by item number, with some pairs set by hand."""
    table = np.tile(-np.arange(N_ITEMS, dtype=np.float32), (N_USERS, 1))
    for pair, score in best.items():
        table[pair] = score
    return DenseScorer(table)


def test_the_truth_is_what_is_new_in_the_step(question: ForwardQuestion) -> None:
    assert question.truth.tolist() == [[0, 5], [1, 6], [1, 59], [3, 59]]
    assert question.users.tolist() == [0, 1, 3]
    assert question.history.tolist() == [[0, 0], [0, 1], [1, 2], [2, 2]]


def test_values_by_hand(question: ForwardQuestion) -> None:
    """User 0 has had items 0 and 1, so that item 5 comes fourth; user 1 finds one of two, first."""
    served = np.array([True, True, True, False])
    values = forward_values(scorer({(1, 6): 9.0}), scorer({}), question, served=served)
    assert values.users.tolist() == [0, 1, 3]
    assert values.served.tolist() == [True, True, False]
    np.testing.assert_allclose(values.recall, [1.0, 0.5, 0.0])
    ideal = 1 + 1 / np.log2(3)
    np.testing.assert_allclose(values.ndcg, [1 / np.log2(5), 1 / ideal, 0.0])


def test_a_user_without_a_vector_counts_zero_whatever_the_scores_say(question: ForwardQuestion) -> None:
    nobody = np.zeros(N_USERS, dtype=np.bool_)
    values = forward_values(scorer({(3, 59): 9.0}), scorer({(3, 59): 9.0}), question, served=nobody)
    assert not values.recall.any()
    assert not values.audience_recall.any()


def test_audiences_are_of_new_items_with_truth(question: ForwardQuestion) -> None:
    served = np.array([True, True, True, False])
    values = forward_values(scorer({}), scorer({(1, 59): 9.0, (3, 59): 8.0}), question, served=served)
    assert values.items.tolist() == [59]
    np.testing.assert_allclose(values.audience_recall, [0.5])  # user 3 is true and cannot be named
    np.testing.assert_allclose(values.audience_ndcg, [1 / (1 + 1 / np.log2(3))])


def test_a_step_without_anything_new_has_no_values() -> None:
    question = ForwardQuestion.of(
        HISTORY, HISTORY, n_users=N_USERS, n_items=N_ITEMS, new_items=np.arange(0, 0)
    )
    values = forward_values(scorer({}), scorer({}), question, served=np.ones(N_USERS, dtype=np.bool_))
    assert len(values.users) == len(values.recall) == len(values.items) == 0


def test_over_steps_every_user_counts_once() -> None:
    who, mean = over_steps(
        [np.array([0, 2]), np.array([2]), np.array([], dtype=np.int64)],
        [np.array([1.0, 0.0]), np.array([1.0]), np.array([])],
    )
    assert who.tolist() == [0, 2]
    np.testing.assert_allclose(mean, [1.0, 0.5])
    assert over_steps([], [])[0].tolist() == []

"""What the language model is asked: nearest history, masked target, titles in their places."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.baselines.coldllm.histories import Histories
from models.baselines.coldllm.pair_texts import PairTexts
from models.baselines.coldllm.refiner import QuestionDraws
from tests.models.baselines.rival_worlds import by_hand

DIRECTIONS = np.array([[1, 0], [0.8, 0.6], [0, 1], [-1, 0], [0.6, 0.8]], dtype=np.float32)
TRAIN = np.array([[0, 1], [0, 2], [0, 3], [0, 1], [1, 4], [2, 0]])


class Tokenizer:
    """One token a word, [1] before a text and [2] behind it."""

    def __call__(self, texts, *, add_special_tokens=True, truncation=False, max_length=None):
        if isinstance(texts, str):
            return {"input_ids": [1, *self._ids(texts), 2] if add_special_tokens else self._ids(texts)}
        return {"input_ids": [self._ids(text)[:max_length] for text in texts]}

    @staticmethod
    def _ids(text):
        return [10 + int(word) for word in text.split()]


def histories(length: int) -> Histories:
    return Histories(TRAIN, n_users=3, directions=DIRECTIONS, length=length)


def test_the_nearest_titles_come_first():
    assert histories(2).most_similar(0, 0).tolist() == [1, 2]
    assert histories(9).most_similar(0, 4).tolist() == [1, 2, 3]


def test_the_target_is_masked():
    assert histories(3).most_similar(0, 1).tolist() == [2, 3]
    assert histories(3).most_similar(1, 4).tolist() == []


@given(st.integers(0, 10_000))
def test_a_history_is_the_users_own_and_never_the_target(seed):
    rng = np.random.default_rng(seed)
    train = np.argwhere(rng.random((5, 8)) < 0.5)
    known = Histories(train, n_users=5, directions=rng.normal(size=(8, 3)).astype(np.float32), length=3)
    for user in range(5):
        own = set(train[train[:, 0] == user, 1].tolist())
        for target in range(8):
            shown = known.most_similar(user, target).tolist()
            assert len(shown) == len(set(shown)) == min(3, len(own - {target}))
            assert set(shown) <= own - {target}


def test_no_title_is_no_history():
    with pytest.raises(ValueError, match="length must be at least 1"):
        histories(0)


def test_titles_stand_one_after_the_other_the_target_last():
    texts = PairTexts(Tokenizer(), ["0 1 2 3", "4", "5 6"], title_tokens=3, limit=12)
    pair = texts.pair(np.array([0, 2]), 1)
    assert pair.ids == [1, 10, 11, 12, 2, 15, 16, 2, 14, 2]
    assert pair.ids[pair.target_start :] == [14, 2]
    assert texts.pair(np.array([], dtype=np.int64), 1).ids == [1, 14, 2]


def test_titles_that_do_not_fit_are_left_out():
    texts = PairTexts(Tokenizer(), ["0 1 2", "3 4 5", "6"], title_tokens=3, limit=9)
    pair = texts.pair(np.array([0, 1]), 2)
    assert pair.ids == [1, 10, 11, 12, 2, 16, 2]
    with pytest.raises(ValueError, match="limit must be at least 9"):
        PairTexts(Tokenizer(), ["0"], title_tokens=3, limit=8)


def test_a_tokenizer_without_marks_is_refused():
    with pytest.raises(ValueError, match="puts no token around a text"):
        PairTexts(lambda text: {"input_ids": []}, ["0"], title_tokens=3, limit=20)


def test_answers_are_those_of_the_training_pairs():
    data = by_hand()
    hard = np.array([[4, 3], [4, -1], [0, 5], [0, 1]])  # of the warm items 0, 2, 3 and 5
    asked = QuestionDraws(data, hard, hard_share=0.5).draw(200, generator=np.random.default_rng(0))
    known = set(map(tuple, data.train.tolist()))
    pairs = list(zip(asked.users.tolist(), asked.items.tolist(), strict=True))
    assert asked.answers.tolist() == [1, 0] * 100
    assert all((pair in known) == bool(answer) for pair, answer in zip(pairs, asked.answers, strict=True))
    assert set(asked.items.tolist()) <= set(data.warm_items.tolist())
    several = np.bincount(data.train[:, 0]) > 1
    assert all(several[user] for user in asked.users[::2])


def test_hard_users_are_as_many_as_asked():
    data = by_hand()
    hard = np.tile(np.array([[5], [4], [5], [2]]), (1, 3))  # one wrong user for each warm item
    only = QuestionDraws(data, hard, hard_share=1.0).draw(40, generator=np.random.default_rng(0))
    expected = hard[np.searchsorted(data.warm_items, only.items[1::2]), 0]
    assert only.users[1::2].tolist() == expected.tolist()
    nobody = np.full((4, 2), -1)
    random = QuestionDraws(data, nobody, hard_share=1.0).draw(40, generator=np.random.default_rng(0))
    assert (random.users >= 0).all()

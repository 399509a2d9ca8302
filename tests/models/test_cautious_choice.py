"""The best setting that is no worse than the usual one anywhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.cautious_choice import cautious_choice


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ([1.0, 1.0], 0),  # of equals the usual one
        ([9.0, 0.5], 0),  # better on the whole, worse in a part
        ([1.0, 1.5], 1),  # no worse anywhere, better in a part
        ([9.0, np.nan], 0),  # one part alone has no say
    ],
)
def test_another_setting_must_be_no_worse_in_any_part(other: list[float], expected: int) -> None:
    assert cautious_choice(np.array([[1.0, 1.0], other])) == expected


def test_of_several_the_highest_mean_wins() -> None:
    assert cautious_choice(np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 1.5], [0.0, 9.0]])) == 2


@given(arrays(np.float64, (5, 3), elements=st.floats(0, 1)))
def test_what_is_chosen_is_never_worse_than_the_usual_one(values: np.ndarray) -> None:
    assert (values[cautious_choice(values)] >= values[0]).all()

"""The setting that is best where all parts of the items have an equal say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.balanced_choice import balanced_choice


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ([1.0, 1.0], 0),  # of equals the usual one
        ([4.0, 0.2], 0),  # five times worse weighs more than four times better
        ([4.0, 0.3], 1),
        ([9.0, 0.0], 0),  # nothing found in a part
        ([9.0, np.nan], 0),  # one part alone has no say
    ],
)
def test_what_is_won_in_one_part_is_weighed_against_what_is_lost_in_another(
    other: list[float], expected: int
) -> None:
    assert balanced_choice(np.array([[1.0, 1.0], other])) == expected


@pytest.mark.parametrize(("whole", "expected"), [([1.0, 2.0], 0), ([1.0, 3.0], 1), ([1.0, 0.0], 0)])
def test_all_items_together_have_as_much_of_a_say_as_all_parts(whole: list[float], expected: int) -> None:
    values = np.array([[1.0, 1.0], [4.0, 0.04]])  # 0.4 of the usual one
    assert balanced_choice(values, whole=np.array(whole)) == expected


def test_where_no_setting_finds_anything_in_some_part_the_usual_one_stays() -> None:
    assert balanced_choice(np.array([[0.0, 1.0], [9.0, 0.0]])) == 0


@given(
    arrays(np.float64, (5, 3), elements=st.floats(0.01, 1)),
    arrays(np.float64, 3, elements=st.floats(0.1, 10)),
)
def test_the_unit_of_a_part_does_not_matter(values: np.ndarray, units: np.ndarray) -> None:
    found = balanced_choice(values)
    scaled = np.log(values * units).mean(axis=1)
    assert scaled[found] == pytest.approx(scaled.max())

"""One number, chosen."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.baselines.validation_choice import STEP, chosen_on_validation


def peak_at(best: float):
    """A value that falls on either side of one number."""
    return lambda number: -abs(math.log(number / best))


def test_without_validation_items_the_start_stays() -> None:
    assert chosen_on_validation(lambda number: number, 30.0, validate=None) == 30.0


@pytest.mark.parametrize("steps", [-4, -1, 0, 1, 3])
def test_the_best_step_is_found_on_either_side(steps: int) -> None:
    best = 30.0 * STEP**steps
    assert chosen_on_validation(lambda number: number, 30.0, validate=peak_at(best)) == pytest.approx(best)


def test_of_equals_the_start_is_taken() -> None:
    tried = []
    assert (
        chosen_on_validation(lambda number: tried.append(number) or number, 2.0, validate=lambda n: 0.1)
        == 2.0
    )
    assert tried == pytest.approx([2.0, 2.0 * STEP, 2.0 / STEP])


@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_of_one_peak_no_other_step_is_better(start: float, best: float) -> None:
    value = peak_at(best)
    found = chosen_on_validation(lambda number: number, start, validate=value)
    assert value(found) >= max(value(found * STEP), value(found / STEP), value(start)) - 1e-9


def test_what_a_model_throws_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        chosen_on_validation(lambda number: number, 1.0, validate=lambda number: 1 / 0)

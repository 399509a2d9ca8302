from __future__ import annotations

from data.errors import InputError, StoreError, input_error


def test_a_message_has_file_row_problem_and_remedy() -> None:
    assert str(input_error("a.csv", "no", remedy="yes", row=3)) == "a.csv, row 3: no. Remedy: yes"
    assert str(input_error("a.csv", "no", remedy="yes")) == "a.csv: no. Remedy: yes"


def test_a_store_error_is_an_input_error_is_a_value_error() -> None:
    assert issubclass(StoreError, InputError)
    assert issubclass(InputError, ValueError)

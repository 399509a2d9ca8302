"""SplitChoice: round trip, and refusals that name value and expectation."""

from __future__ import annotations

import pytest

from data.errors import InputError
from data.split_choice import SplitChoice


def test_round_trip() -> None:
    choice = SplitChoice(protocol="files", directory="/some/where", holdout=0.1)
    assert SplitChoice.from_json(choice.to_json()) == choice


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"protocol": "random"}, "protocol must be live, files or time, got 'random'"),
        ({"protocol": "files"}, "directory must name the split's folder"),
        ({"holdout": 0.7}, r"holdout must be in \(0, 0.5\], got 0.7"),
        ({"minimum": -3}, "minimum must be at least 0 items, got -3"),
        ({"validation_from": 0.95}, "0 < validation_from < test_from < 1, got 0.95 and 0.9"),
    ],
)
def test_wrong_values_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SplitChoice(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "[]", '{"unknown": 1}', '{"holdout": 2}'])
def test_unreadable_text_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        SplitChoice.from_json(text)

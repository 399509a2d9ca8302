"""A config dataclass and its Dagster view say the same."""

from dataclasses import dataclass
from typing import Any, Literal

import dagster as dg
import pytest

from assets.run_config import run_config


@dataclass(frozen=True)
class Kettle:
    """A kettle."""

    litres: float = 1.5
    lid: Literal["flat", "round"] = "flat"
    label: str | None = None
    cups: int = 4

    def __post_init__(self) -> None:
        if self.litres <= 0:
            raise ValueError(f"litres must be above 0, got {self.litres}")


KettleRun = run_config(Kettle)


def boil(run_config: dict[str, Any] | None) -> Kettle:
    seen: list[Kettle] = []

    @dg.asset
    def kettle(config: KettleRun) -> None:  # type: ignore[valid-type]
        seen.append(config.build())  # type: ignore[attr-defined]

    given = {"ops": {"kettle": {"config": run_config}}} if run_config else None
    dg.materialize([kettle], run_config=given)
    return seen[0]


def test_defaults_exist_once() -> None:
    assert boil(None) == Kettle()


def test_each_field_arrives() -> None:
    values: dict[str, Any] = {"litres": 2.0, "lid": "round", "label": "blue", "cups": 8}
    assert boil(values) == Kettle(**values)


def test_unknown_fields_and_choices_are_refused() -> None:
    with pytest.raises(dg.DagsterInvalidConfigError, match="lidd"):
        boil({"lidd": "round"})
    with pytest.raises(dg.DagsterInvalidConfigError, match="oval"):
        boil({"lid": "oval"})


def test_the_dataclass_refuses_values_out_of_range() -> None:
    with pytest.raises(ValueError, match="litres must be above 0"):
        boil({"litres": -1.0})


def test_a_field_without_default_is_refused() -> None:
    @dataclass(frozen=True)
    class Bare:
        size: int

    with pytest.raises(TypeError, match=r"Bare\.size needs a default"):
        run_config(Bare)

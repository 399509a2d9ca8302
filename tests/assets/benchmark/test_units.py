"""Which units there are, and in which order."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from assets.benchmark.entry import Entry
from assets.benchmark.registry import ENTRIES
from assets.benchmark.units import Unit, chosen_entries, units_of
from data.errors import InputError
from tests.assets.benchmark.worlds import Trainings


def test_the_first_seed_of_every_entry_comes_before_the_second_of_any() -> None:
    made = Trainings()
    entries = [made.entry("a", seeds=3), made.entry("b", seeds=1)]
    assert [unit.name for unit in units_of(entries, seeds=2)] == ["a-seed42", "b-seed42", "a-seed43"]


def test_an_unknown_model_is_answered_with_the_known_ones() -> None:
    made = Trainings()
    with pytest.raises(InputError, match="no model is called 'c'; known: a, b"):
        chosen_entries([made.entry("b"), made.entry("a")], only=("a", "c"))


def test_only_and_quick_narrow_the_registry() -> None:
    made = Trainings()
    entries = [made.entry("a", quick=True), made.entry("b")]
    assert [one.name for one in chosen_entries(entries, only=("b",))] == ["b"]
    assert [one.name for one in chosen_entries(entries, quick=True)] == ["a"]


def test_names_are_unique_and_the_product_is_called_default() -> None:
    models = [model for one in ENTRIES for model in one.models]
    assert len(set(models)) == len(models)
    assert {"default", "filterllm", "ridge", "heater", "heater_lightgcn"} <= set(models)
    assert len({one.name for one in ENTRIES}) == len(ENTRIES)


def test_seeds_are_as_the_table_states_them() -> None:
    seeds = {model: one.seeds for one in ENTRIES for model in one.models}
    assert {seeds[name] for name in ("default", "ridge", "mf", "ngcf", "lightgcn", "kernel_ridge")} == {5}
    assert {seeds[name] for name in ("heater", "clcrec", "filterllm_reference")} == {3}


def test_settings_differ_by_seed_language_model_and_entry() -> None:
    made = replace(Trainings().entry("a"), settings=lambda seed: {"seed": seed})
    unit = Unit(made, 42)
    assert unit.settings("x") == Unit(made, 42).settings("x")
    assert len({unit.settings("x"), unit.settings("y"), Unit(made, 43).settings("x")}) == 3


@pytest.mark.parametrize("one", ENTRIES, ids=lambda one: one.name)
def test_every_entry_states_its_settings(one: Entry) -> None:
    assert len(Unit(one, 42).settings("embedded")) == 64
    if one.name not in ("chance", "popularity"):  # nothing to set but the seed
        assert json.dumps(one.settings(42)) != "{}"


def test_the_quick_run_holds_the_product_and_closed_forms() -> None:
    quick = {model for one in chosen_entries(ENTRIES, quick=True) for model in one.models}
    assert {"default", "filterllm", "ridge", "kernel_ridge", "tfidf_profile", "chance"} <= quick
    assert not {"heater", "mf", "lightgcn"} & quick

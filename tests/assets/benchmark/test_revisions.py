"""A revision that is raised reaches every unit and every shared array that it concerns, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.benchmark import revisions
from assets.benchmark.inputs import Inputs
from assets.benchmark.registry import ENTRIES
from assets.benchmark.units import Unit
from data.snapshot import Snapshot

UNITS = {one.name: Unit(one, 42) for one in ENTRIES}


def digests() -> dict[str, str]:
    return {name: unit.settings("embedded") for name, unit in UNITS.items()}


@pytest.mark.parametrize(
    ("name", "touched", "untouched"),
    [
        ("ridge", {"ridge"}, {"kernel_ridge", "default"}),
        (
            "ials",
            {"ials", "ridge_to_vectors", "default", "coldllm", "aldi_ials", "ensemble"},
            {"aldi", "ridge"},
        ),
        (
            "mf",
            {"mf", "ngcf", "default_mf", "default", "aldi", "coldllm_filter", "knn_vectors_lightgcn"},
            {"aldi_ials", "filterllm_d64", "clcrec"},
        ),
        (revisions.TEXTS, {"ridge", "default", "heater"}, set()),
        (
            revisions.CALIBRATION,
            {"default", "ridge_to_vectors_calibrated", "coldllm", "default_mf"},
            {"filterllm_d64", "ridge_to_vectors", "coldllm_ngcf", "coldllm_filter"},
        ),
        ("filterllm", {"default", "filterllm_d64", "ensemble"}, {"mf", "heater"}),
        ("coldllm-filter", {"coldllm_filter", "coldllm", "coldllm_ngcf"}, {"default"}),
        ("coldllm-refiner", {"coldllm", "coldllm_ngcf"}, {"coldllm_filter"}),
    ],
)
def test_what_a_revision_concerns(
    name: str, touched: set[str], untouched: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digests()
    monkeypatch.setitem(revisions.REVISIONS, name, 7)
    changed = {one for one, digest in digests().items() if digest != before[one]}
    assert touched <= changed
    assert not untouched & changed


def test_the_first_revision_is_not_spoken_of(monkeypatch: pytest.MonkeyPatch) -> None:
    assert revisions.revised("unheard of", {"d": 3}) == {"d": 3}
    monkeypatch.setitem(revisions.REVISIONS, "unheard of", 2)
    assert revisions.revised("unheard of", {"d": 3}) == {"d": 3, "unheard of revision": 2}


def test_every_revision_is_of_something() -> None:
    shared = {revisions.TEXTS, revisions.CALIBRATION, "filterllm", "coldllm-filter", "coldllm-refiner"}
    assert set(revisions.REVISIONS) <= {*UNITS, *shared}


def test_the_texts_revision_reaches_what_is_shared(
    snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = Inputs(snapshot, tmp_path)
    before = inputs.text_settings()
    monkeypatch.setitem(revisions.REVISIONS, revisions.TEXTS, 1)
    assert inputs.text_settings() != before


def test_texts_of_another_revision_are_read_again(
    snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = Inputs(snapshot, tmp_path)
    inputs.features()
    assert inputs.has_features()
    monkeypatch.setitem(revisions.REVISIONS, revisions.TEXTS, 1)
    assert not inputs.has_features()

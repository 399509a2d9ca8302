"""A unit is whole or not there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from assets.benchmark.record import Records, UnitBusy
from assets.benchmark.units import Unit
from data.errors import InputError
from tests.assets.benchmark.worlds import Trainings

UNIT = Unit(Trainings().entry("a"), 42)
SETTINGS = UNIT.settings("embedded")
HEAD = f'{{"unit": "a-seed42", "data": "abc", "settings": "{SETTINGS}", "models": [], "seconds": 1.5}}'


def finish(records: Records) -> None:
    """Write the unit whole."""
    with records.writing(UNIT) as folder:
        (folder / "unit.json").write_text(HEAD, encoding="utf-8")
        (folder / "a.npz").write_bytes(b"lists")


def test_a_unit_goes_from_missing_to_done(tmp_path: Path) -> None:
    records = Records(tmp_path)
    assert records.status(UNIT).state == "missing"
    finish(records)
    assert records.status(UNIT).state == "done"
    assert records.status(UNIT).seconds == 1.5


def test_an_interrupted_unit_is_missing_and_leaves_nothing_behind(tmp_path: Path) -> None:
    records = Records(tmp_path)

    def interrupted() -> None:
        with records.writing(UNIT) as folder:
            (folder / "a.npz").write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert records.status(UNIT).state == "missing"
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_what_a_killed_process_left_is_swept_away(tmp_path: Path) -> None:
    records = Records(tmp_path)
    left = tmp_path / ".a-seed42.writing"
    left.mkdir()
    (left / "stray.npz").write_bytes(b"half")
    finish(records)
    assert records.status(UNIT).state == "done"
    assert not (records.folder(UNIT) / "stray.npz").exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "a.npz").write_bytes(b"other"),
        lambda folder: (folder / "a.npz").unlink(),
        lambda folder: (folder / "digests.json").write_text("not json"),
        lambda folder: (folder / "digests.json").unlink(),
        lambda folder: (folder / "unit.json").write_text(HEAD.replace("1.5", "2.5")),
    ],
)
def test_a_damaged_unit_is_seen(tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    records = Records(tmp_path)
    finish(records)
    damage(records.folder(UNIT))
    assert records.status(UNIT).state == "damaged"
    finish(records)
    assert records.status(UNIT).state == "done"


def test_a_unit_under_another_name_is_not_taken_for_it(tmp_path: Path) -> None:
    records = Records(tmp_path)
    finish(records)
    other = Unit(UNIT.entry, 43)
    records.folder(UNIT).rename(records.folder(other))
    assert records.status(other).state == "damaged"


def test_a_failure_is_noted_until_the_unit_is_done(tmp_path: Path) -> None:
    records = Records(tmp_path)
    records.fail(UNIT, error="ValueError: no", trace="...", seconds=3.0)
    status = records.status(UNIT)
    assert (status.state, status.seconds, status.note) == ("failed", 3.0, "ValueError: no")
    finish(records)
    assert records.status(UNIT).state == "done"
    assert not list(tmp_path.glob("*.failed.json"))


def test_a_unit_that_another_is_at_is_refused(tmp_path: Path) -> None:
    records = Records(tmp_path)
    with (
        pytest.raises(UnitBusy, match="a-seed42 is being run by another process"),
        records.writing(UNIT),
        Records(tmp_path).writing(UNIT),
    ):
        pass


def test_units_of_other_data_are_refused(tmp_path: Path) -> None:
    records = Records(tmp_path)
    finish(records)
    records.require_data(UNIT, "abc")
    with pytest.raises(InputError, match="give another folder with --out"):
        records.require_data(UNIT, "xyz")


def test_a_unit_of_other_settings_is_stale(tmp_path: Path) -> None:
    finish(Records(tmp_path))
    changed = replace(UNIT, entry=replace(UNIT.entry, settings=lambda seed: {"d": 64}))
    assert Records(tmp_path).status(changed).state == "stale"
    assert Records(tmp_path, language_model="another").status(UNIT).state == "stale"
    assert "run again" in Records(tmp_path).status(changed).note


def test_a_unit_that_does_not_say_its_settings_is_stale(tmp_path: Path) -> None:
    records = Records(tmp_path)
    with records.writing(UNIT) as folder:
        (folder / "unit.json").write_text('{"data": "abc", "models": [], "seconds": 1.5}', encoding="utf-8")
    assert records.status(UNIT).state == "stale"

"""Settings: defaults, the home's file, a given file and single values, in this order."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml

from data.errors import InputError
from data.home import Home
from orchestration.settings import SHARED, STATIONS, Settings, section_classes, split_choice


def test_without_files_everything_is_a_default(home: Home) -> None:
    settings = Settings.read(home)
    assert settings.run_config() == {"ops": {}, "resources": {}}
    assert settings.effective() == {
        section: dataclasses.asdict(kind()) for section, kind in section_classes().items()
    }


def test_later_sources_win_field_by_field(home: Home, tmp_path: Path) -> None:
    home.config_file.write_text("bpr: {d: 1, epochs: 2, seed: 3}\nsensors: {users: 7}\n")
    file = tmp_path / "my.yaml"
    file.write_text("bpr: {epochs: 20, seed: 30}\n")
    settings = Settings.read(home, file, ["bpr.seed=300", "filterllm.language_model=tiny/model"])
    assert settings.sections["bpr"] == {"d": 1, "epochs": 20, "seed": 300}
    assert settings.sections["filterllm"] == {"language_model": "tiny/model"}
    assert settings.rule().users == 7


def test_a_recipe_stands_below_all_that_is_set(home: Home) -> None:
    plain = Settings.read(home, recipe="reference").effective()
    assert plain["tokens"]["method"] == "bpr"
    assert (plain["filterllm"]["mapper"], plain["filterllm"]["kept_epoch"]) == ("linear", "last")
    assert (plain["placement"]["update"], plain["placement"]["text_weight"]) == ("bpr", 0.0)
    home.config_file.write_text("filterllm: {mapper: mlp}\n")
    changed = Settings.read(home, None, ["tokens.method=ials"], recipe="reference").effective()
    assert (changed["tokens"]["method"], changed["filterllm"]["mapper"]) == ("ials", "mlp")
    assert changed["filterllm"]["similarity"] == "dot"


def test_what_config_prints_reads_back_as_the_same(home: Home, tmp_path: Path) -> None:
    first = Settings.read(home, None, ["bpr.d=64", "snapshot.holdout=0.1", "placement.steps=5"]).effective()
    file = tmp_path / "printed.yaml"
    file.write_text(yaml.safe_dump(first))
    assert Settings.read(home, file).effective() == first


def test_run_config_names_ops_and_resources(home: Home) -> None:
    given = ["bpr.d=8", "tokens.d=9", "placement.steps=5", "sensors.users=3", "snapshot.holdout=0.1"]
    settings = Settings.read(home, None, given)
    assert settings.run_config() == {
        "ops": {"bpr_embeddings": {"config": {"d": 8}}, "token_vectors": {"config": {"d": 9}}},
        "resources": {"placement": {"config": {"steps": 5}}},
    }
    assert settings.run_config(only=("placement",)) == {
        "ops": {},
        "resources": {"placement": {"config": {"steps": 5}}},
    }


def test_dagster_takes_the_run_config_of_every_setting(home: Home) -> None:
    import dagster as dg

    from orchestration.definitions import definitions

    every = Settings(Settings.read(home).effective())
    sections = {*STATIONS, *SHARED}
    assert dg.validate_run_config(
        definitions.resolve_job_def("retrain"), every.run_config(only=list(sections))
    )


@pytest.mark.parametrize("number", ["1e-2", "1e3", "5E-4", "0.01", ".5"])
def test_numbers_in_scientific_notation_are_numbers(home: Home, number: str) -> None:
    """YAML 1.1 takes 1e-2 for a word; people do not."""
    settings = Settings.read(home, None, [f"bpr.learning_rate={number}"])
    assert settings.effective()["bpr"]["learning_rate"] == float(number)


def test_scientific_notation_in_a_file(home: Home) -> None:
    home.config_file.write_text("bpr:\n  learning_rate: 1e-2\n")
    assert Settings.read(home).effective()["bpr"]["learning_rate"] == 0.01


@pytest.mark.parametrize(
    ("assignment", "section", "field", "value"),
    [
        ("bpr.patience=null", "bpr", "patience", None),
        ("bpr.model=ngcf", "bpr", "model", "ngcf"),
        ("filterllm.prompt_template='a = {text}'", "filterllm", "prompt_template", "a = {text}"),
        ("evaluation.references=false", "evaluation", "references", False),
    ],
)
def test_values_are_yaml(home: Home, assignment: str, section: str, field: str, value: object) -> None:
    assert Settings.read(home, None, [assignment]).effective()[section][field] == value


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("bprr.d=64", r"unknown section 'bprr'; sections are bpr, tokens, filterllm, "),
        ("bpr.dd=64", r"unknown setting bpr\.dd; bpr has model, d, "),
        ("bpr.d=0", r"settings of bpr: d must be at least 1, got 0"),
        ("bpr.d=many", r"settings of bpr: d must be a whole number, got 'many'"),
        ("bpr.d=1.5", r"settings of bpr: d must be a whole number, got 1.5"),
        ("bpr.patience=soon", r"settings of bpr: patience must be a whole number, got 'soon'"),
        ("filterllm.lora_targets=[1]", r"settings of filterllm: lora_targets must be a text, got 1"),
        ("bpr.model=svd", r"settings of bpr: model must be one of mf, lightgcn, ngcf, got 'svd'"),
        (
            "evaluation.references=perhaps",
            r"settings of evaluation: references must be true or false, got 'perhaps'",
        ),
        ("snapshot.holdout=0.9", r"settings of snapshot: holdout must be in"),
        ("sensors.users=0", r"settings of sensors: users must be at least 1, got 0"),
        ("sensors.nightly=tomorrow", r"settings of sensors: nightly must be"),
        ("sensors.nightly='0 25 * * *'", r"settings of sensors: nightly must be"),
        ("bpr.d", r"--set takes section\.field=value, for example bpr\.d=64; got 'bpr\.d'"),
        ("d=64", r"--set takes section\.field=value"),
        ("bpr.d=[1", r"--set bpr\.d: the value '\[1' is not YAML"),
    ],
)
def test_what_is_wrong_is_named(home: Home, assignment: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Settings.read(home, None, [assignment])


def test_a_wrong_file_is_named(home: Home, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.yaml does not exist"):
        Settings.read(home, tmp_path / "nowhere.yaml")
    file = tmp_path / "my.yaml"
    for content, message in (
        ("bpr: [1", "is not YAML"),
        ("- bpr", "must map sections to settings"),
        ("bpr: 64", "must map sections to settings"),
    ):
        file.write_text(content)
        with pytest.raises(InputError, match=rf"my\.yaml {message}"):
            Settings.read(home, file)
    file.write_bytes(b"bpr: {model: \xff}")
    with pytest.raises(InputError, match="is not YAML"):
        Settings.read(home, file)


def test_an_empty_file_changes_nothing(home: Home) -> None:
    home.config_file.write_text("# nothing yet\n")
    assert Settings.read(home) == Settings({})


def test_the_split_of_the_command_line(home: Home, tmp_path: Path) -> None:
    plain = Settings.read(home, None, ["snapshot.minimum=5"])
    assert split_choice(plain, directory=None, by_time=False, holdout=None).split() == plain.split()
    assert split_choice(plain, directory=None, by_time=False, holdout=0.2).split().holdout == 0.2
    by_time = split_choice(plain, directory=None, by_time=True, holdout=None).split()
    assert (by_time.protocol, by_time.minimum) == ("time", 5)
    files = split_choice(plain, directory=tmp_path, by_time=False, holdout=None).split()
    assert (files.protocol, files.directory) == ("files", str(tmp_path))
    with pytest.raises(InputError, match="--split and --time-split exclude each other"):
        split_choice(plain, directory=tmp_path, by_time=True, holdout=None)
    with pytest.raises(InputError, match="holdout must be in"):
        split_choice(plain, directory=None, by_time=False, holdout=0.7)


def test_a_share_of_another_split_than_the_live_one_is_refused(home: Home, tmp_path: Path) -> None:
    plain, by_time = Settings.read(home), Settings.read(home, None, ["snapshot.protocol=time"])
    for settings, directory, time_split, protocol in (
        (plain, None, True, "time"),
        (plain, tmp_path, False, "files"),
        (by_time, None, False, "time"),
    ):
        with pytest.raises(InputError, match=f"--holdout is a share of the live holdout.*'{protocol}'"):
            split_choice(settings, directory=directory, by_time=time_split, holdout=0.2)


def test_every_field_of_every_section_can_be_set(home: Home) -> None:
    for section, kind in section_classes().items():
        for field in dataclasses.fields(kind):
            value = getattr(kind(), field.name)
            settings = Settings({section: {field.name: value}})
            assert settings.effective()[section][field.name] == value

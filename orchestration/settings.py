"""Settings: defaults of the dataclasses, over them the home's file, a given file, and single values."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_type_hints

import yaml

from assets.bpr_embeddings import BprRun
from assets.cold_item_distributions import DistributionRun
from assets.evaluation_report import EvaluationRun
from assets.extension import Extension
from assets.placement import Placement
from assets.recipes import RecipeName
from assets.recipes import recipe as recipe_settings
from assets.retrain_rule import RetrainRule
from assets.run_config import RunConfig, SharedConfig
from assets.token_vectors import TokenVectorsRun
from assets.user_vocabulary_checkpoint import FilterLLMRun
from data.errors import InputError
from data.home import Home
from data.split_choice import SplitChoice
from orchestration.alert_choice import AlertChoice
from orchestration.executors import ExecutionChoice
from orchestration.setting_types import typed

STATIONS: dict[str, tuple[str, type[RunConfig]]] = {
    "bpr": ("bpr_embeddings", BprRun),
    "tokens": ("token_vectors", TokenVectorsRun),
    "filterllm": ("user_vocabulary_checkpoint", FilterLLMRun),
    "evaluation": ("evaluation_report", EvaluationRun),
    "distributions": ("cold_item_distributions", DistributionRun),
}
SHARED: dict[str, tuple[str, type[SharedConfig]]] = {
    "placement": ("placement", Placement),
    "extension": ("extension", Extension),
}
PLAIN: dict[str, type[Any]] = {
    "snapshot": SplitChoice,
    "sensors": RetrainRule,
    "execution": ExecutionChoice,
    "alerts": AlertChoice,
}
HIDDEN = "***"


@dataclasses.dataclass(frozen=True)
class Settings:
    """All sections, each a mapping of field to value; only what differs from the defaults is kept."""

    sections: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(
        cls,
        home: Home,
        file: Path | None = None,
        assignments: Sequence[str] = (),
        *,
        recipe: RecipeName = "default",
    ) -> "Settings":
        """Merge a recipe, the home's ``config.yaml``, a given file and ``section.field=value`` assignments in order.

        Raises:
            InputError: For a missing or malformed file, or an unknown section, field or value; names all three.
        """
        merged: dict[str, dict[str, Any]] = {}
        kept = _read_file(home.config_file) if home.config_file.exists() else {}
        given = {} if file is None else _read_file(file)
        for source in (recipe_settings(recipe), kept, given):
            for section, values in source.items():
                merged.setdefault(section, {}).update(values)
        for assignment in assignments:
            section, field, value = _read_assignment(assignment)
            merged.setdefault(section, {})[field] = value
        return cls(merged)._checked()

    def run_config(self, *, only: Sequence[str] | None = None) -> dict[str, Any]:
        """Dagster run config with the settings of the stations, or of the sections named by ``only``.

        How the stations run is part of it in any case, if it is set.
        """
        config: dict[str, Any] = {"ops": {}, "resources": {}}
        for section, values in self.sections.items():
            if not values or (only is not None and section not in only):
                continue
            if section in STATIONS:
                config["ops"][STATIONS[section][0]] = {"config": dict(values)}
            elif section in SHARED:
                config["resources"][SHARED[section][0]] = {"config": dict(values)}
        if self.sections.get("execution"):
            config["execution"] = self.execution().run_config()
        return config

    def execution(self) -> ExecutionChoice:
        """The execution section."""
        return ExecutionChoice(**self.sections.get("execution", {}))

    def split(self) -> SplitChoice:
        """The snapshot section."""
        return SplitChoice(**self.sections.get("snapshot", {}))

    def rule(self) -> RetrainRule:
        """The sensors section."""
        return RetrainRule(**self.sections.get("sensors", {}))

    def alerts(self) -> AlertChoice:
        """The alerts section."""
        return AlertChoice(**self.sections.get("alerts", {}))

    def require_users(self, n_users: int) -> None:
        """Refuse to keep more users per item than there are; the defaults take what there is.

        Raises:
            InputError: Naming the setting.
        """
        for section in ("distributions", "placement"):
            wanted = self.sections.get(section, {}).get("users_per_item", 0)
            if 0 < n_users < wanted:
                raise InputError(
                    f"{section}.users_per_item is {wanted}, but there are {n_users} users; give at most {n_users}"
                )

    def with_values(self, section: str, **values: Any) -> "Settings":
        """The same settings with some values replaced; None leaves a value as it is."""
        given = {name: value for name, value in values.items() if value is not None}
        return Settings({**self.sections, section: {**self.sections.get(section, {}), **given}})._checked()

    def without(self, section: str, name: str) -> "Settings":
        """The same settings with one value back at its default."""
        kept = {one: value for one, value in self.sections.get(section, {}).items() if one != name}
        return Settings({**self.sections, section: kept})

    def effective(self) -> dict[str, dict[str, Any]]:
        """Every section with every field, defaults filled in; what is secret is not shown."""
        shown = {
            section: dataclasses.asdict(kind(**self.sections.get(section, {})))
            for section, kind in section_classes().items()
        }
        if shown["alerts"]["webhook"]:
            shown["alerts"]["webhook"] = HIDDEN
        return shown

    def _checked(self) -> "Settings":
        known = section_classes()
        sections = {}
        for section, values in self.sections.items():
            if section not in known:
                raise InputError(f"unknown section {section!r}; sections are {', '.join(known)}")
            sections[section] = _checked_values(section, values, known[section])
        return Settings(sections)


def section_classes() -> dict[str, type[Any]]:
    """The dataclass behind every section."""
    views: dict[str, Any] = {name: view for name, (_, view) in {**STATIONS, **SHARED}.items()}
    return {**{name: view._dataclass for name, view in views.items()}, **PLAIN}


def _checked_values(section: str, values: Mapping[str, Any], kind: type[Any]) -> dict[str, Any]:
    """The values of one section, each of its field's type and in its range."""
    hints = get_type_hints(kind)
    fields = [field.name for field in dataclasses.fields(kind)]
    checked = {}
    for name, value in values.items():
        if name not in fields:
            raise InputError(f"unknown setting {section}.{name}; {section} has {', '.join(fields)}")
        try:
            checked[name] = typed(value, hints[name])
        except ValueError as error:
            raise InputError(f"settings of {section}: {name} {error}") from None
    try:
        kind(**checked)
    except (TypeError, ValueError) as error:
        raise InputError(f"settings of {section}: {error}") from None
    return checked


def split_choice(
    settings: Settings, *, directory: Path | None, by_time: bool, holdout: float | None
) -> Settings:
    """Settings with the split that the command line asks for.

    Raises:
        InputError: If it asks for two splits at once, or for a share of another split than the live one.
    """
    if directory is not None and by_time:
        raise InputError("--split and --time-split exclude each other; give one of them")
    if directory is not None:
        chosen = settings.with_values("snapshot", protocol="files", directory=str(directory.resolve()))
    else:
        chosen = settings.with_values("snapshot", protocol="time" if by_time else None)
    protocol = chosen.split().protocol
    if holdout is not None and protocol != "live":
        raise InputError(
            f"--holdout is a share of the live holdout, and the split is {protocol!r}; give it without --split and "
            "--time-split, with snapshot.protocol left at 'live'"
        )
    return chosen.with_values("snapshot", holdout=holdout)


def require_used(assignments: Sequence[str], sections: Sequence[str], command: str) -> None:
    """Refuse a ``--set`` that a command would not look at; files are shared by commands and may hold more.

    Args:
        assignments: What ``--set`` was given.
        sections: The sections that the command uses.
        command: Its name.

    Raises:
        InputError: Naming the first such assignment and the sections.
    """
    stray = [one for one in assignments if _read_assignment(one)[0] not in sections]
    if stray:
        raise InputError(
            f"--set {stray[0]} says nothing to {command}, which takes settings of {', '.join(sections)}; leave it "
            "out, or keep it in config.yaml for other commands"
        )


def _read_assignment(assignment: str) -> tuple[str, str, Any]:
    name, equals, value = assignment.partition("=")
    section, dot, field = name.partition(".")
    if not (equals and dot and section and field):
        raise InputError(f"--set takes section.field=value, for example bpr.d=64; got {assignment!r}")
    try:
        return section, field, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise InputError(f"--set {name}: the value {value!r} is not YAML: {_line(error)}") from None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def _read_file(file: Path) -> dict[str, dict[str, Any]]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        raise InputError(f"the settings file {file} does not exist") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"the settings file {file} is not YAML: {_line(error)}") from None
    if not isinstance(content, dict) or not all(isinstance(v, dict) for v in content.values()):
        raise InputError(
            f"the settings file {file} must map sections to settings, for example 'bpr: {{d: 64}}'"
        )
    return content

"""What the repository says about itself is true: pins, links, the tree."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import REPOSITORY

PIN = re.compile(r"([A-Za-z0-9._-]+)==([0-9][A-Za-z0-9.!]*)")  # no local label, no path, no host
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md")])


def pins() -> dict[str, str]:
    """Package -> exact version, as ``constraints.txt`` has it."""
    lines = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = [PIN.fullmatch(line) for line in lines if not line.startswith("#")]
    assert all(found), "every line is a comment or package==version"
    return {canonicalize_name(match[1]): match[2] for match in found if match}


def requirements() -> list[Requirement]:
    """What ``pyproject.toml`` asks for, all extras among it."""
    with (REPOSITORY / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    return [
        each for line in [*project["dependencies"], *extras] if (each := Requirement(line)).name != "coldcast"
    ]


@pytest.mark.parametrize("requirement", requirements(), ids=lambda each: each.name)
def test_every_requirement_is_pinned_within_its_range(requirement: Requirement) -> None:
    pinned = pins()[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(pinned)


def test_the_family_of_dagster_has_one_version() -> None:
    assert (
        len({pins()[name] for name in ("dagster", "dagster-webserver", "dagster-graphql", "dagster-shared")})
        == 1
    )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_inside_the_repository_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", document.read_text(encoding="utf-8"))
    assert not [link for link in links if not (document.parent / link).exists()]


def test_the_tree_in_the_readme_is_the_tree() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    tree = text.split("## The tree", maxsplit=1)[1].split("```")[1]
    folder, missing = "", []
    for line in tree.splitlines():
        found = re.match(r"([│ ]*)[├└]── (\S+)", line)
        if found is None:
            continue
        inner, name = "│" in found[1], found[2]
        folder = folder if inner else name
        path = REPOSITORY / (folder + name if inner else name)
        missing += [] if path.exists() else [str(path.relative_to(REPOSITORY))]
    assert not missing


def test_every_row_of_the_reliability_table_names_a_test_there_is() -> None:
    text = (REPOSITORY / "docs" / "reliability.md").read_text(encoding="utf-8")
    rows = [
        line
        for line in text.splitlines()
        if line.startswith("| ") and not line.startswith(("| fault", "|--"))
    ]
    assert len(rows) > 15
    for row in rows:
        last = row.rstrip("| ").rpartition("|")[2]
        named = re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", last)
        assert named or last.strip() == "the same test", row
        for file, function in named:
            source = (REPOSITORY / file).read_text(encoding="utf-8")
            assert not function or f"def {function}(" in source, f"{file}::{function}"


def test_the_figures_in_the_readme_are_those_of_the_results() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    table = text.split("## How good it is", maxsplit=1)[1].split("##", maxsplit=1)[0]
    rows = json.loads((REPOSITORY / "docs/results/citeulike.json").read_text(encoding="utf-8"))["rows"]
    found = re.findall(r"^\| `(\w+)`[^|]*\|(.*)\|$", table, flags=re.MULTILINE)
    assert len(found) >= 5
    for model, cells in found:
        for setting, cell in zip(("cold", "overall", "warm"), cells.split("|"), strict=True):
            for metric, shown in zip(("recall", "ndcg"), cell.strip(" *").split(" / "), strict=True):
                values = [row["value"] for row in rows if _headline(row) == (model, setting, metric)]
                assert f"{mean(values):.3f}" == f"0{shown}", (model, setting, metric)


def _headline(row: dict[str, Any]) -> tuple[str, str, str] | None:
    """Model, setting and metric of a test figure under evaluator B at 20."""
    place = (row["phase"], row["side"], row["evaluator"], row["k"])
    return (row["model"], row["setting"], row["metric"]) if place == ("test", "user", "B", 20) else None

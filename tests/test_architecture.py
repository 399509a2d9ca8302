"""The house keeps its shape: import contracts, sizes, light start-up, no traces of one machine."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, missing

ROOMS = ("orchestration", "expectations", "assets", "serving", "models", "evaluation", "data")
LONGEST_FILE = 400  # lines, everything counted
LONGEST_BODY = 60  # lines of a function below its signature and docstring; 40 is the aim
ATTICS = {"utils", "util", "common", "misc", "helpers", "tools"}
HEAVY = {"torch", "transformers", "peft", "mlflow", "great_expectations", "pandas"}

# Alembic executes this one inside a migration; outside it has no context and cannot be imported.
EXECUTED_BY_ALEMBIC = "data.migrations.env"

# Who may import whom; every other pair of rooms must be refused.
MAY_IMPORT: dict[str, set[str]] = {
    "orchestration": {"expectations", "assets", "serving", "data"},
    "expectations": {"assets", "evaluation", "data"},
    "assets": {"models", "evaluation", "data"},
    "serving": {"data", "models"},  # of models only retrieval
    "models": set(),
    "evaluation": set(),
    "data": set(),
}
FAMILIES = ("collaborative", "filterllm", "baselines")


def planted(importer: str, imported: str) -> tuple[str, str]:
    """A new module of one room that imports a module of another."""
    inside = {"models": "models.coldstart"}  # models itself takes no new module without being asked
    name = f"{inside.get(importer, importer)}.planted_{imported}"
    return name, f"{inside.get(imported, imported)}.planted_target"


# Pairs that the layers alone would let pass, by the contract that refuses them.
NARROWER = {
    "orchestration-computes-nothing": [("orchestration", "models"), ("orchestration", "evaluation")],
    "expectations-judge-values": [("expectations", "models"), ("expectations", "serving")],
    "serving-only-retrieves": [("serving", "models"), ("serving", "evaluation")],
}

# For every contract the imports it must refuse, as (importing module, imported module).
PLANTS: dict[str, list[tuple[str, str]]] = {
    "layers": [
        planted(room, other)
        for room in ROOMS
        for other in ROOMS
        if other not in MAY_IMPORT[room] | {room}
        and (room, other) not in [pair for pairs in NARROWER.values() for pair in pairs]
    ],
    **{contract: [planted(*pair) for pair in pairs] for contract, pairs in NARROWER.items()},
    "serving-starts-light": [
        ("serving.planted_torch", "torch"),
        ("serving.planted_dagster", "dagster"),
        ("models.retrieval", "transformers"),
    ],
    "model-families": [
        *(
            (f"models.{family}.planted_{other}", f"models.{other}.planted_target")
            for family in FAMILIES
            for other in FAMILIES
            if other != family
        ),
        ("models.coldstart.planted_upward", "models.collaborative.planted_target"),
    ],
    "nobody-imports-tests": [("data.planted_tests", "tests"), ("models.coldstart.planted_pytest", "pytest")],
    "home-of-sql": [
        ("assets.planted_sql", "sqlalchemy"),
        ("serving.planted_sql", "sqlite3"),
        ("data.planted_sql", "alembic"),
    ],
    "home-of-language-models": [
        ("models.collaborative.planted_llm", "transformers"),
        ("assets.planted_llm", "peft"),
    ],
    "home-of-torch": [("data.planted_torch", "torch"), ("evaluation.planted_torch", "torch")],
    "home-of-dagster": [("models.coldstart.planted_dagster", "dagster"), ("data.planted_dagster", "dagster")],
    "home-of-mlflow": [
        ("assets.planted_mlflow", "mlflow"),
        ("orchestration.planted_mlflow", "mlflow"),
        ("models.filterllm.planted_mlflow", "mlflow"),
    ],
    "home-of-great-expectations": [("assets.planted_gx", "great_expectations")],
    "home-of-the-web-framework": [
        ("serving.planted_web", "fastapi"),
        ("orchestration.planted_web", "uvicorn"),
    ],
    "home-of-pages": [("assets.planted_plot", "matplotlib"), ("evaluation.planted_page", "jinja2")],
}

# What must stay allowed, the named exceptions among it.
ALLOWED: list[tuple[str, str]] = [
    ("orchestration.allowed", "assets.planted_target"),
    ("expectations.allowed", "assets.planted_target"),
    ("expectations.allowed_gx", "great_expectations"),
    ("assets.allowed_models", "models.coldstart.planted_target"),
    ("assets.allowed_torch", "torch"),
    ("assets.served_model", "mlflow"),
    ("assets.registry", "mlflow"),
    ("serving.allowed", "models.retrieval"),
    ("serving.app", "fastapi"),
    ("models.filterllm.allowed", "transformers"),
    ("models.filterllm.allowed_step", "models.coldstart.planted_target"),
    ("models.coldstart.allowed", "models.training"),
    ("data.store.allowed", "sqlalchemy"),
    ("data.tables", "sqlalchemy"),
    ("evaluation.report_page", "matplotlib"),
]


def sources() -> list[Path]:
    """Every Python file of the seven rooms."""
    return sorted(path for room in ROOMS for path in (REPOSITORY / room).rglob("*.py"))


def module_name(path: Path) -> str:
    """``data/store/store.py`` -> ``data.store.store``; a package by its folder."""
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run every contract on the tree in ``folder``; wide output, so that no line is folded."""
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-logo", "--no-cache"],
        cwd=folder,
        env={**os.environ, "COLUMNS": "400", "NO_COLOR": "1", "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def contracts() -> dict[str, str]:
    """Contract id -> contract name, as configured."""
    with (REPOSITORY / "pyproject.toml").open("rb") as file:
        return {each["id"]: each["name"] for each in tomllib.load(file)["tool"]["importlinter"]["contracts"]}


def write_import(folder: Path, importer: str, imported: str) -> None:
    """Append one import statement to a module of the tree in ``folder``, creating both ends."""
    if imported.split(".")[0] in ROOMS:
        target = folder.joinpath(*imported.split(".")).with_suffix(".py")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    path = folder.joinpath(*importer.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"import {imported}\n")


def skeleton(folder: Path) -> Path:
    """Our tree with every file emptied, and our configuration."""
    for path in sources():
        copy = folder / path.relative_to(REPOSITORY)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.touch()
    shutil.copy(REPOSITORY / "pyproject.toml", folder / "pyproject.toml")
    for importer, imported in ALLOWED:
        write_import(folder, importer, imported)
    return folder


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What import-linter says of each contract in a tree with all violations planted, by contract id."""
    folder = skeleton(tmp_path_factory.mktemp("planted"))
    for plants in PLANTS.values():
        for importer, imported in plants:
            write_import(folder, importer, imported)
    (folder / "models" / "attic.py").touch()
    outcome = lint_imports(folder)
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    details = outcome.stdout.split("Broken contracts", maxsplit=1)[1]
    starts = {details.find(f"\n{name}\n"): key for key, name in contracts().items()}
    cuts = [*sorted(start for start in starts if start >= 0), len(details)]
    return {starts[start]: details[start:stop] for start, stop in pairwise(cuts)}


def test_the_tree_keeps_every_contract() -> None:
    outcome = lint_imports(REPOSITORY)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_every_contract_has_a_planted_violation() -> None:
    assert set(PLANTS) == set(contracts())


@pytest.mark.parametrize(
    ("contract", "importer", "imported"),
    [(contract, *plant) for contract, plants in PLANTS.items() for plant in plants],
)
def test_a_planted_violation_is_refused(
    refusals: dict[str, str], contract: str, importer: str, imported: str
) -> None:
    assert contract in refusals, f"contract {contract} was kept although {importer} imports {imported}"
    assert re.search(rf"{re.escape(importer)} -> {re.escape(imported)} \(l\.\d+\)", refusals[contract])


def test_a_module_outside_the_model_families_is_refused(refusals: dict[str, str]) -> None:
    assert "attic" in refusals["model-families"]


def test_the_allowed_imports_alone_break_nothing(tmp_path: Path) -> None:
    outcome = lint_imports(skeleton(tmp_path))
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_files_and_functions_keep_their_size() -> None:
    long_files = [
        f"{path.relative_to(REPOSITORY)}: {lines} lines"
        for path in sources()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    ]
    long_bodies = [
        f"{path.relative_to(REPOSITORY)}:{node.lineno} {node.name}: {lines} lines"
        for path in sources()
        for node in functions(path)
        if (lines := body_lines(node)) > LONGEST_BODY
    ]
    assert not long_files + long_bodies, "\n".join(long_files + long_bodies)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from the first statement after the docstring to the end of the function."""
    documented = ast.get_docstring(node) is not None
    statements = node.body[1:] if documented else node.body
    return 0 if not statements else (node.end_lineno or node.lineno) - statements[0].lineno + 1


def test_body_lines_leaves_out_the_docstring() -> None:
    node = next(iter(ast.parse('def f():\n    """One.\n\n    Two."""\n    a = 1\n\n    return a\n').body))
    assert isinstance(node, ast.FunctionDef)
    assert body_lines(node) == 3


def test_there_is_no_attic() -> None:
    assert not [str(path) for path in sources() if path.stem in ATTICS or path.parent.name in ATTICS]


def test_models_package_is_empty() -> None:
    assert (REPOSITORY / "models" / "__init__.py").read_text(encoding="utf-8") == ""


def test_every_room_and_test_folder_is_a_package() -> None:
    folders = {path.parent for path in [*sources(), *(REPOSITORY / "tests").rglob("*.py")]}
    assert not [str(folder) for folder in folders if not (folder / "__init__.py").exists()]


def test_annotations_stay_objects_where_dagster_reads_them() -> None:
    """A postponed ``context`` annotation is a string to Dagster, which refuses it."""
    offenders = [
        str(path.relative_to(REPOSITORY))
        for path in sources()
        if path.relative_to(REPOSITORY).parts[0] in {"assets", "expectations"}
        and "from __future__ import annotations" in (text := path.read_text(encoding="utf-8"))
        and re.search(r"^@(dg|dagster)\.(multi_)?asset", text, re.MULTILINE)
    ]
    assert not offenders


def test_heavy_packages_are_imported_inside_function_bodies() -> None:
    """Stations, checks and orchestration load in a second; only the scorer MLflow loads may be heavy."""
    offenders = [
        f"{path.relative_to(REPOSITORY)}:{line} {name}"
        for path in sources()
        if path.relative_to(REPOSITORY).parts[0] in {"assets", "expectations", "orchestration"}
        and path.name != "served_model.py"
        for line, name in imports_at_top(path)
        if name.split(".")[0] in HEAVY
    ]
    assert not offenders, "\n".join(offenders)


def imports_at_top(path: Path) -> Iterator[tuple[int, str]]:
    """(line, module) of the imports a file runs when it is itself imported; not those for types only."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module


def loaded_after(statement: str, *, among: set[str]) -> set[str]:
    """Which of these packages a fresh interpreter holds after running one statement."""
    program = f"import sys; {statement}; print(*sorted(set(sys.modules) & {among!r}))"
    outcome = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    return set(outcome.stdout.split())


def test_serving_starts_without_torch_and_dagster() -> None:
    assert not loaded_after("import serving.app", among=HEAVY | {"dagster"})


@pytest.mark.slow
def test_the_code_location_loads_nothing_heavy() -> None:
    if not (REPOSITORY / "orchestration" / "definitions.py").exists():
        missing("orchestration/definitions.py")
    assert not loaded_after("import orchestration.definitions", among=HEAVY)


@pytest.mark.slow
def test_every_module_imports() -> None:
    """In one fresh interpreter, warnings allowed, every module of every room."""
    names = [name for path in sources() if (name := module_name(path)) != EXECUTED_BY_ALEMBIC]
    program = (
        "import importlib, sys, traceback\n"
        "for name in sys.argv[1:]:\n"
        "    try:\n"
        "        importlib.import_module(name)\n"
        "    except Exception:\n"
        "        print(name, traceback.format_exc(limit=-1))\n"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", program, *names],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout == ""


def tracked_texts() -> Iterator[tuple[Path, str]]:
    """Every text file that belongs to the repository."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listing.stdout.split("\0")):
        path = REPOSITORY / name
        try:
            yield path, path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue  # a picture, or a file deleted but not yet committed


def test_no_file_names_a_place_on_one_machine() -> None:
    """No home folder, no workplace, no private package index: the repository works anywhere."""
    places = "|".join(("work", "root", "home", "Users", "opt", "mnt"))
    found = re.compile(rf"(?<![\w.:/}}-])/(?:{places})/[\w.-]+|file:///\w+")
    offenders = [
        f"{path.relative_to(REPOSITORY)}: {match.group()}"
        for path, text in tracked_texts()
        for match in found.finditer(text)
    ]
    assert not offenders, "\n".join(offenders)


def test_no_test_imports_mlflow_before_it_is_told_to_be_quiet() -> None:
    """Every process of the suite reads every test file; what MLflow says at its loudest would be in all output."""
    tests = (REPOSITORY / "tests").rglob("*.py")
    assert [
        path for path in tests for _, name in imports_at_top(path) if name.split(".")[0] == "mlflow"
    ] == []

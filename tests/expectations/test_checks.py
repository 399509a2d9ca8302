"""Every check as Dagster runs it: it finds its values by name, passes sound ones, and blocks broken ones."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import dagster as dg
import numpy as np
import pytest

import expectations
from assets.checkpoint import VocabularyCheckpoint
from assets.interaction_snapshot import snapshots
from assets.item_distributions import ItemDistributions
from data.snapshot import Snapshot
from data.snapshot_build import build_snapshot
from data.split_choice import SplitChoice
from models.coldstart.published_space import PublishedSpace
from models.coldstart.top_users import TopUsers
from models.collaborative.embeddings import CollaborativeEmbeddings
from tests.data.contents import contents_of, random_events

pytestmark = pytest.mark.slow

KEY = "000001-abc"
SLOW_CHECKS = {"tables_are_sound", "volume_is_near_the_last_snapshot"}  # tested beside their predicates


class Tensor:
    """As much of a tensor as the checks touch."""

    def __init__(self, values: Any, requires_grad: bool = False) -> None:
        self.values, self.requires_grad = np.asarray(values, dtype=np.float32), requires_grad

    def detach(self) -> Tensor:
        return self

    float = cpu = detach

    def numpy(self) -> Any:
        return self.values


def snapshot() -> Snapshot:
    contents = contents_of(
        random_events(20, 38, n=400, seed=0),
        users=[f"u{at}" for at in range(20)],
        items=[f"i{at}" for at in range(40)],
    )
    choice = SplitChoice(holdout=0.25, minimum=10)
    return build_snapshot(contents, choice, key=KEY, created_at="2024-01-01T00:00:00+00:00")


def embeddings(of: Snapshot) -> CollaborativeEmbeddings:
    generator = np.random.default_rng(0)
    warm = of.split.warm_items
    users, items = (generator.standard_normal((n, 4)).astype(np.float32) for n in (of.n_users, len(warm)))
    return CollaborativeEmbeddings(users, items, warm)


def space(of: Snapshot, *, dead: int | None = None) -> PublishedSpace:
    found = embeddings(of)
    if dead is not None:
        found.users[dead] = 0
    return PublishedSpace.of_vectors(found.users, found.warm_items, found.warm_item_index)


def checkpoint(
    of: Snapshot, *, base_digest: str = "d" * 64, users: str | None = None
) -> VocabularyCheckpoint:
    base = SimpleNamespace(
        digest="d" * 64,
        base_digest=lambda: base_digest,
        named_parameters=lambda: [
            ("network.w", Tensor(1)),
            ("network.lora_A", Tensor(1, requires_grad=True)),
        ],
    )
    tables = {"vocabulary.tokens": Tensor(np.ones((of.n_users, 2))), "language_model.w": Tensor(np.nan)}
    model: Any = SimpleNamespace(language_model=base, state_dict=lambda: tables, n_users=of.n_users)
    return VocabularyCheckpoint(model, users or of.users.fingerprint)


def distributions() -> ItemDistributions:
    top = TopUsers(np.array([[0, 1]]), np.log(np.array([[0.5, 0.2]], dtype=np.float32)))
    return ItemDistributions(1, ["new"], ["hash"], ["u0", "u1"], top)


def placed(*, after: str = "same") -> Any:
    return SimpleNamespace(
        vectors=np.ones((1, 4), dtype=np.float32),
        item_ids=["new"],
        usual_length=2.0,
        fixed_before="same",
        fixed_after=after,
    )


class Memory(dg.IOManager):
    """Keeps values by asset."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        self.values[context.asset_key.path[-1]] = obj

    def load_input(self, context: dg.InputContext) -> Any:
        return self.values[context.asset_key.path[-1]]


def stand_in(name: str, value: Any, *, partitioned: bool) -> dg.AssetsDefinition:
    @dg.asset(name=name, partitions_def=snapshots if partitioned else None)
    def produce() -> Any:
        return value

    return produce


def run(**changed: Any) -> dg.ExecuteInProcessResult:
    of = snapshot()
    values = {
        "interaction_snapshot": of,
        "bpr_embeddings": embeddings(of),
        "user_vocabulary_checkpoint": checkpoint(of),
        "published_space": space(of),
        "cold_item_distributions": distributions(),
        "item_embeddings": placed(),
        **changed,
    }
    unpartitioned = {"cold_item_distributions", "item_embeddings"}
    stations = [
        stand_in(name, value, partitioned=name not in unpartitioned) for name, value in values.items()
    ]
    checks = [
        check
        for check in dg.load_asset_checks_from_package_module(expectations)
        if not {key.name for key in check.check_keys} & SLOW_CHECKS
        and {key.asset_key.path[-1] for key in check.check_keys} <= set(values)
    ]
    instance = dg.DagsterInstance.ephemeral()
    instance.add_dynamic_partitions("snapshot", [KEY])
    return dg.materialize(
        [*stations, *checks],
        instance=instance,
        partition_key=KEY,
        resources={"io_manager": Memory()},
        raise_on_error=False,
    )


def outcomes(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {check.check_name: check.passed for check in result.get_asset_check_evaluations()}


def test_sound_values_pass_every_check() -> None:
    result = run()
    found = outcomes(result)
    assert result.success
    quality = found.pop("validation_is_above_popularity")  # random vectors may be worse; it only warns
    assert isinstance(quality, bool)
    assert found == dict.fromkeys(
        [
            "held_out_is_absent_from_training",
            "vectors_are_whole",
            "frozen_weights_are_unchanged",
            "vocabulary_matches_the_snapshot",
            "published_space_is_whole",
            "audiences_are_distributions",
            "nothing_fixed_has_moved",
            "placed_vectors_are_sound",
        ],
        True,
    )


def test_each_broken_value_fails_its_own_check_and_the_run() -> None:
    of = snapshot()
    dead = embeddings(of)
    dead.users[3] = 0
    foreign = checkpoint(of, users="somebody else")
    for changed, name in (
        ({"bpr_embeddings": dead}, "vectors_are_whole"),
        (
            {"user_vocabulary_checkpoint": checkpoint(of, base_digest="e" * 64)},
            "frozen_weights_are_unchanged",
        ),
        ({"user_vocabulary_checkpoint": foreign}, "vocabulary_matches_the_snapshot"),
        ({"published_space": space(of, dead=3)}, "published_space_is_whole"),
        ({"item_embeddings": placed(after="moved")}, "nothing_fixed_has_moved"),
    ):
        result = run(**changed)
        found = outcomes(result)
        assert not found[name]
        assert [check for check, passed in found.items() if not passed and "popularity" not in check] == [
            name
        ]
        assert not result.success


def test_blocking_is_for_broken_data_alone() -> None:
    blocking = {}
    for check in dg.load_asset_checks_from_package_module(expectations):
        for spec in check.check_specs:
            blocking[spec.name] = spec.blocking
    assert [name for name, blocks in blocking.items() if not blocks] == ["validation_is_above_popularity"]
    assert len(blocking) == 13


def test_checks_load_light() -> None:
    """A code location that loads the checks must start in a second: nothing heavy at the top of any file."""
    code = (
        "import sys, dagster as dg, expectations\n"
        "dg.load_asset_checks_from_package_module(expectations)\n"
        "heavy = {'torch', 'great_expectations', 'pandas', 'transformers', 'mlflow', 'matplotlib'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.stderr.strip() == ""

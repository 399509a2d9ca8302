from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from models.filterllm.checkpoint import (
    DESCRIPTION,
    TENSORS,
    _guide,
    load_checkpoint,
    read_description,
    save_checkpoint,
)
from models.filterllm.distribution import FilterLLM
from tests.fakes import tiny_encoder
from tests.models.filterllm.conftest import TinyWorld, fit_tiny, tiny_config

TEXTS = ["graph light", "market deep fast"]
USERS = "f" * 64


@pytest.fixture
def saved(fitted: FilterLLM, tmp_path: Path) -> Path:
    save_checkpoint(fitted, tmp_path, user_fingerprint=USERS, notes={"snapshot": "s1"})
    return tmp_path


def test_round_trip_is_exact(saved: Path, fitted: FilterLLM) -> None:
    loaded = load_checkpoint(saved)
    for name, value in fitted.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[name]), name
    assert np.array_equal(loaded.item_factors(TEXTS), fitted.item_factors(TEXTS))
    assert np.array_equal(loaded.user_factors(), fitted.user_factors())
    assert loaded.config == fitted.config
    assert not any(value.requires_grad for value in loaded.parameters())
    assert loaded.user_fingerprint == USERS
    assert read_description(saved)["notes"] == {"snapshot": "s1"}


def test_saving_what_was_loaded_gives_the_same_bytes(
    saved: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    again = tmp_path_factory.mktemp("again")
    save_checkpoint(load_checkpoint(saved), again, user_fingerprint=USERS, notes={"snapshot": "s1"})
    for name in (TENSORS, DESCRIPTION):
        assert (again / name).read_bytes() == (saved / name).read_bytes()


def test_a_text_kernel_of_before_expects_no_vectors_and_its_own_popularity() -> None:
    landmarks = torch.eye(5)[:3]
    guide = _guide({"text_kernel.landmarks": landmarks, "text_kernel.popularity": torch.tensor([2.0, 0, 0])})
    unit = torch.eye(5)[:2]
    places, popularity = guide(unit)
    assert torch.equal(places, unit)
    torch.testing.assert_close(popularity, 2 * torch.tensor([0.0, -1.0]).exp())


def test_nothing_frozen_and_nothing_pickled_is_written(saved: Path) -> None:
    assert sorted(file.name for file in saved.iterdir()) == [DESCRIPTION, TENSORS]
    names = load_file(saved / TENSORS).keys()
    assert not [name for name in names if name.startswith("language_model.")]
    assert all("lora_" in name for name in names if name.startswith("adapter."))


@pytest.mark.parametrize("changes", [{"lora_epochs": 0}, {"text_weight": 0.0}, {"mapper": "linear"}])
def test_round_trip_of_other_forms(
    changes: dict[str, object], world: TinyWorld, encoder: str, tmp_path: Path
) -> None:
    model = fit_tiny(world, tiny_config(encoder, epochs=1, constant_epochs=1, **changes))
    save_checkpoint(model, tmp_path, user_fingerprint=USERS)
    assert np.array_equal(load_checkpoint(tmp_path).item_factors(TEXTS), model.item_factors(TEXTS))


@pytest.mark.parametrize("name", [TENSORS, DESCRIPTION])
def test_a_damaged_byte_is_refused(name: str, saved: Path) -> None:
    content = (saved / name).read_bytes()
    for position in (0, len(content) // 3, len(content) // 2, len(content) - 2):
        damaged = bytearray(content)
        damaged[position] ^= 1
        (saved / name).write_bytes(bytes(damaged))
        with pytest.raises(ValueError, match="is damaged"):
            load_checkpoint(saved)
    (saved / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="is damaged"):
        load_checkpoint(saved)


def test_a_missing_file_is_named(saved: Path) -> None:
    (saved / TENSORS).unlink()
    with pytest.raises(FileNotFoundError, match=TENSORS):
        load_checkpoint(saved)


def test_another_base_model_is_refused(saved: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tiny_encoder(tmp_path_factory.mktemp("other"), seed=1)
    with pytest.raises(ValueError, match=r"has digest .* but the checkpoint in .* was trained on"):
        load_checkpoint(saved, language_model=other)


def test_a_base_model_that_has_moved_is_found_where_one_says(
    saved: Path, encoder: str, fitted: FilterLLM, tmp_path_factory: pytest.TempPathFactory
) -> None:
    moved = tmp_path_factory.mktemp("moved") / "model"
    shutil.copytree(encoder, moved)
    loaded = load_checkpoint(saved, language_model=str(moved))
    assert np.array_equal(loaded.item_factors(TEXTS), fitted.item_factors(TEXTS))


def test_another_format_is_refused(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.filterllm.checkpoint.FORMAT", 5)
    with pytest.raises(ValueError, match="has format 4, this version reads 5"):
        load_checkpoint(saved)


def test_an_empty_fingerprint_is_refused(fitted: FilterLLM, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="user_fingerprint must not be empty"):
        save_checkpoint(fitted, tmp_path, user_fingerprint="")
    assert not list(tmp_path.iterdir())


def test_the_description_is_readable(saved: Path, encoder: str) -> None:
    description = json.loads((saved / DESCRIPTION).read_text())
    assert description["base_model"]["name"] == encoder
    assert description["user_fingerprint"] == USERS

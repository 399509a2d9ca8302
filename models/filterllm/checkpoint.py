"""A FilterLLM on disk: two files, and never the frozen weights.

``filterllm.safetensors`` holds adapter, mapper, user table, text kernel and the centring's mean;
``filterllm.json`` the settings, the users' fingerprint, the base model by name and digest, and the digest of
the other file. Nothing is pickled.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from models.filterllm.config import FilterLLMConfig
from models.filterllm.distribution import FilterLLM
from models.filterllm.feature_centring import FeatureCentring
from models.filterllm.language_model import LanguageModel, load_language_model
from models.filterllm.mapper import build_mapper
from models.filterllm.text_guide import TextGuide
from models.filterllm.text_tokens import TextKernel
from models.filterllm.user_vocabulary import UserVocabulary

TENSORS = "filterllm.safetensors"
DESCRIPTION = "filterllm.json"
FORMAT = 4
ADAPTER = "adapter."
DIGEST = "description_sha256"


def save_checkpoint(
    model: FilterLLM, directory: Path, *, user_fingerprint: str, notes: Mapping[str, Any] | None = None
) -> None:
    """Write a model into an existing directory and let it know its users.

    Args:
        model: The model.
        directory: Existing directory; files of an earlier checkpoint in it are replaced.
        user_fingerprint: Of the id map whose user_index the tokens follow.
        notes: Anything JSON can hold (snapshot key, figures); returned untouched by ``read_description``.

    Raises:
        ValueError: If the fingerprint is empty.
        FileNotFoundError: If the directory does not exist.
    """
    if not user_fingerprint:
        raise ValueError("user_fingerprint must not be empty: take IdMap.fingerprint of the snapshot's users")
    data = save_tensors(_tensors(model))
    language_model = model.language_model
    description: dict[str, Any] = {
        "format": FORMAT,
        "config": model.config.to_dict(),
        "user_fingerprint": user_fingerprint,
        "n_users": model.n_users,
        "base_model": {
            "name": language_model.name,
            "digest": language_model.digest,
            "hidden_size": language_model.hidden_size,
        },
        "lora": language_model.lora,
        "tensors_sha256": hashlib.sha256(data).hexdigest(),
        "notes": dict(notes or {}),
    }
    description[DIGEST] = _digest(description)
    (directory / TENSORS).write_bytes(data)
    (directory / DESCRIPTION).write_text(
        json.dumps(description, indent=2, sort_keys=True) + "\n", encoding="utf-8"
    )
    model.user_fingerprint = user_fingerprint


def load_checkpoint(
    directory: Path,
    *,
    device: str = "cpu",
    language_model: str | None = None,
    base_model: LanguageModel | None = None,
) -> FilterLLM:
    """Read back what ``save_checkpoint`` wrote: same tensors, bit for bit.

    Args:
        directory: Where the two files are.
        device: Where the model shall be.
        language_model: Where the base model is now, if its folder has moved; its digest must still match.
        base_model: The base model, loaded already and without an adapter; only for checkpoints without one too.

    Returns:
        The model in evaluation mode; ``user_fingerprint`` is known.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file is damaged or of another format, or the base model is not found or not the one
            the checkpoint was trained on.
    """
    description = read_description(directory)
    tensors = _read_tensors(directory, description)
    config = FilterLLMConfig.from_dict(description["config"])
    base = description["base_model"]
    found = base_model or load_language_model(
        language_model or base["name"], device=device, weights=config.base_weights
    )
    if found.digest != base["digest"]:
        raise ValueError(
            f"the base model {found.name!r} has digest {found.digest[:12]}, but the checkpoint in "
            f"{directory} was trained on {base['name']!r} with digest {base['digest'][:12]}: "
            "install that version, or retrain"
        )
    if description["lora"] is not None:
        _restore_adapter(found, description["lora"], tensors)
    model = _rebuild(found, config, tensors)
    model.user_fingerprint = description["user_fingerprint"]
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model.to(torch.device(device)).train(False)


def read_description(directory: Path) -> dict[str, Any]:
    """The checkpoint's JSON, checked against its own digest.

    Args:
        directory: Where the checkpoint is.

    Returns:
        Settings, users' fingerprint, base model, notes.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it is damaged or of another format.
    """
    path = directory / DESCRIPTION
    try:
        description = json.loads(path.read_bytes().decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is damaged ({error}): retrain, or restore it from a copy") from error
    if not isinstance(description, dict) or description.get(DIGEST) != _digest(description):
        raise ValueError(f"{path} is damaged: its digest does not match its content; retrain or restore it")
    if description["format"] != FORMAT:
        raise ValueError(f"{path} has format {description['format']}, this version reads {FORMAT}: retrain")
    return description


def _read_tensors(directory: Path, description: Mapping[str, Any]) -> dict[str, Tensor]:
    """All tensors, refused unless every byte is the one that was written."""
    path = directory / TENSORS
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != description["tensors_sha256"]:
        raise ValueError(
            f"{path} is damaged: sha256 {digest[:12]}, expected {description['tensors_sha256'][:12]}; "
            "retrain, or restore it from a copy"
        )
    try:
        return load_tensors(data)
    except SafetensorError as error:
        raise ValueError(f"{path} is not a safetensors file: {error}") from error


def _tensors(model: FilterLLM) -> dict[str, Tensor]:
    """Everything that was learned or measured, by name."""
    own = {
        name: value for name, value in model.state_dict().items() if not name.startswith("language_model.")
    }
    adapter = {ADAPTER + name: value for name, value in model.language_model.adapter_state().items()}
    return {name: value.detach().cpu().contiguous() for name, value in (own | adapter).items()}


def _restore_adapter(
    language_model: LanguageModel, lora: Mapping[str, Any], tensors: dict[str, Tensor]
) -> None:
    """LoRA matrices back to where they were."""
    targets = lora["targets"]
    language_model.add_lora(
        rank=lora["rank"],
        alpha=lora["alpha"],
        targets=targets if isinstance(targets, list) else None,
        generator=torch.Generator(),
    )
    language_model.load_adapter_state(
        {name.removeprefix(ADAPTER): value for name, value in tensors.items() if name.startswith(ADAPTER)}
    )


def _rebuild(language_model: LanguageModel, config: FilterLLMConfig, tensors: dict[str, Tensor]) -> FilterLLM:
    """The modules around the language model, with the values of the checkpoint."""
    tokens = tensors["vocabulary.tokens"]
    # a fused table has a width of its own
    sizes = (language_model.hidden_size, config.mapper_width, len(tensors["fusion"]) or tokens.shape[1])
    model = FilterLLM(
        language_model,
        config=config,
        centring=FeatureCentring(tensors["centring.mean"]),
        mapper=build_mapper(
            config.mapper, sizes=sizes, dropout=config.mapper_dropout, generator=torch.Generator()
        ),
        vocabulary=UserVocabulary(tokens, tensors["vocabulary.bias"]),
    )
    # their sizes are not known before
    for name in ("text_tokens", "fusion", "left_out", "left_out_popularity"):
        setattr(model, name, tensors[name])
    parts = ("landmarks", "projection")
    model.text_kernel = TextKernel(_guide(tensors), *(tensors[f"text_kernel.{name}"] for name in parts))
    own = {name: value for name, value in tensors.items() if not name.startswith(ADAPTER)}
    model.load_state_dict(own, strict=False)
    return model


def _guide(tensors: dict[str, Tensor]) -> TextGuide:
    """What stands before the text kernel; checkpoints of before expected no vectors, and popularity of the kernel."""
    names = [f"text_kernel.guide.{name}" for name in ("landmarks", "projection", "mean", "popularity")]
    if names[0] in tensors:
        return TextGuide(*(tensors[name] for name in names))
    landmarks = tensors["text_kernel.landmarks"]
    none = landmarks.new_zeros((len(landmarks), 0)), landmarks.new_zeros(0)
    return TextGuide(landmarks, *none, tensors["text_kernel.popularity"])


def _digest(description: Mapping[str, Any]) -> str:
    """SHA-256 of the description without its own digest."""
    rest = {name: value for name, value in description.items() if name != DIGEST}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode("utf-8")).hexdigest()

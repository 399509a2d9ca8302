"""The two stages of FilterLLM: first the user tokens and the mapper, then LoRA together with both."""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from models.collaborative.embeddings import CollaborativeEmbeddings
from models.filterllm.config import FilterLLMConfig
from models.filterllm.distribution import FilterLLM
from models.filterllm.feature_centring import FeatureCentring
from models.filterllm.item_offset import choose_offset, leaves_open
from models.filterllm.language_model import LanguageModel, load_language_model
from models.filterllm.mapper import build_mapper
from models.filterllm.objective import Objective, WarmItems
from models.filterllm.precision import chosen_device, training_precision
from models.filterllm.prompt import PromptTemplate
from models.filterllm.text_tokens import TextTokens, fit_text_tokens, likeliest_weight
from models.filterllm.user_vocabulary import (
    TokenSpace,
    UserVocabulary,
    degree_bias,
    token_space,
    with_random_users,
)
from models.filterllm.warm_start import WarmStart
from models.training import EpochReport, OnEpoch, TrainingHistory, fitting_batch, train_epochs

logger = logging.getLogger(__name__)

Validate = Callable[[FilterLLM], float]


def fit_filterllm(
    texts: Sequence[str],
    train: NDArray[np.int64],
    embeddings: CollaborativeEmbeddings,
    *,
    config: FilterLLMConfig,
    validate: Validate | None = None,
    by_part: Callable[[Any], NDArray[np.float64]] | None = None,
    on_epoch: OnEpoch | None = None,
    language_model: LanguageModel | None = None,
    start: WarmStart | None = None,
) -> FilterLLM:
    """Extend a language model's vocabulary by the users and train it to name an item's users.

    Stage 1 trains user tokens and mapper on vectors of the frozen language model, stage 2 (``lora_epochs``)
    LoRA matrices together with both. The closed-form text tokens stand beside them from the start
    (``text_weight``), are solved once more for the adapted language model, and are fused with them at the end.

    Args:
        texts: W texts of the warm items, in the order of ``embeddings.warm_item_index``.
        train: (N, 2) int64: user_index, item_index; every item is warm, every warm item has a pair.
        embeddings: Collaborative vectors: users (U, D) start the tokens, warm items guide.
        config: Settings.
        validate: Value of a model, higher is better, asked after every epoch; the best epoch of each stage
            is kept, and stage 2 only if it does not lower it. Without it the last epoch stays.
        by_part: Values of whatever answers like the model, in parts of the validation items: chooses the items' offset,
            see ``item_offset``. Without it the usual one stays, with ``start`` that model's.
        on_epoch: Called after each epoch; stage 2 goes on counting where stage 1's plan ended.
        language_model: Loaded already, without an adapter, and moved to the device of the settings; None loads the one
            that the settings name.
        start: An earlier model to start from; from chance if left out.

    Returns:
        The model in evaluation mode, encoding in float32.

    Raises:
        ValueError: If shapes disagree, an index is out of range, the language model is not found, or the
            earlier model is of another kind.

    Source:
        FilterLLM, arXiv 2502.16924, where we differ: see ``FilterLLM`` and ``text_tokens``.
    """
    positives = _positives(texts, train, embeddings)
    device = chosen_device(config.device)
    generator = torch.Generator().manual_seed(config.seed)
    if language_model is None and start is not None and start.shares(config):
        language_model = start.model.language_model
    if language_model is None:
        language_model = load_language_model(
            config.language_model, device=str(device), weights=config.base_weights
        )
    language_model.to(device)  # one that is shared may be elsewhere
    if start is not None:
        start.adapt(language_model, config)
    template = PromptTemplate(config.prompt_template, language_model.token_limit(config.max_tokens))
    token_ids = template.tokenize(language_model.tokenizer, texts).token_ids
    features = _features(language_model, token_ids, start=start)
    space = _token_space(embeddings, config)
    model = _new_model(language_model, features, space, train=train, config=config, generator=generator)
    if start is not None:
        start.begin(model)
    text = _text_tokens(model, features, positives, embeddings)
    if text is not None:
        model.text_weight.fill_(_text_weight(model, text, positives))
    warm = WarmItems(token_ids, features, positives, space.warm_items, text, device)
    if start is not None and start.pruning is not None:
        chosen = start.pruning.chosen(model, warm, np.random.default_rng(config.seed))
        warm = dataclasses.replace(warm, chosen=chosen)

    if start is not None or not leaves_open(config):  # an extension goes on with the earlier model's weights
        by_part = None
    judge = None if validate is None else _judge(model, validate, by_part)
    best = _stage_one(model, warm, generator=generator, judge=judge, on_epoch=on_epoch)
    if config.lora_epochs and _stage_two(
        model, warm, generator=generator, judge=judge, on_epoch=on_epoch, so_far=best
    ):
        features = language_model.encode(token_ids)
        text = _text_tokens(model, features, positives, embeddings)
    if text is not None:
        model.train(False)  # the mapper's dropout
        model.fuse(torch.from_numpy(features).to(device), text.to(device))
    model.train(False)
    if by_part is not None:
        with model.remembering():
            choose_offset(model, by_part)
    return model


def _judge(
    model: FilterLLM, validate: Validate, by_part: Callable[[Any], NDArray[np.float64]] | None
) -> Callable[[], float]:
    """Value of the model as it is; before it is asked for the first time, the items' offset is chosen."""
    waiting = by_part

    def value() -> float:
        nonlocal waiting
        if waiting is not None:
            choose_offset(model, waiting)
            waiting = None
        return validate(model)

    return value


def _features(
    language_model: LanguageModel, token_ids: list[list[int]], *, start: WarmStart | None
) -> NDArray[np.float32]:
    """Vectors (W, H) of the texts, those that the earlier model remembers taken from there."""
    known = {} if start is None else start.remembered()
    new = [ids for ids in token_ids if tuple(ids) not in known]
    found = dict(zip(map(tuple, new), language_model.encode(new), strict=True))
    found.update({key: known[key] for key in map(tuple, token_ids) if key in known})
    return np.stack([found[tuple(ids)] for ids in token_ids])


def _stage_one(
    model: FilterLLM,
    warm: WarmItems,
    *,
    generator: torch.Generator,
    judge: Callable[[], float] | None,
    on_epoch: OnEpoch | None,
) -> float | None:
    """Tokens and mapper on fixed vectors; the best validation value."""
    config = model.config
    optimizer = AdamW(_head(model), lr=config.learning_rate, weight_decay=config.weight_decay)
    batch_size = fitting_batch(config.batch_size, len(warm.training_rows))
    steps = math.ceil(len(warm.training_rows) / batch_size)
    with model.remembering():
        history = train_epochs(
            Objective(model),
            lambda _: warm.feature_batches(batch_size=batch_size, generator=generator),
            optimizer,
            epochs=config.epochs,
            scheduler=_then_cosine(optimizer, steps * config.constant_epochs, steps * config.epochs),
            validate=judge,
            patience=None if judge is None else config.patience,
            on_epoch=_counting_on(on_epoch, first=0, total=config.epochs + config.lora_epochs),
        )
    _log("stage 1", history)
    return history.best_validation


def _stage_two(
    model: FilterLLM,
    warm: WarmItems,
    *,
    generator: torch.Generator,
    judge: Callable[[], float] | None,
    on_epoch: OnEpoch | None,
    so_far: float | None,
) -> bool:
    """LoRA, tokens and mapper together; undone (False) if validation says that stage 1 was better."""
    config, language_model = model.config, model.language_model
    head = _head(model)
    if language_model.lora is None:  # else it came with the earlier model
        language_model.add_lora(
            rank=config.lora_rank, alpha=config.lora_alpha, targets=config.lora_targets, generator=generator
        )
    adapter = [parameter for parameter in language_model.parameters() if parameter.requires_grad]
    before = {name: value.detach().clone() for name, value in model.named_parameters() if value.requires_grad}
    groups = [
        {"params": head, "lr": config.head_learning_rate},
        {"params": adapter, "lr": config.lora_learning_rate},
    ]
    optimizer = AdamW(groups, weight_decay=config.weight_decay)
    precision = training_precision(config.dtype, language_model.device)
    batch_size = fitting_batch(config.lora_batch_size, len(warm.training_rows))
    steps = math.ceil(len(warm.training_rows) / batch_size)
    history = train_epochs(
        Objective(model),
        lambda _: warm.token_batches(
            language_model, batch_size=batch_size, precision=precision, generator=generator
        ),
        optimizer,
        epochs=config.lora_epochs,
        scheduler=_then_cosine(optimizer, 0, steps * config.lora_epochs),
        validate=judge,
        patience=None if judge is None else config.patience,
        max_gradient_norm=1.0,
        on_epoch=_counting_on(on_epoch, first=config.epochs, total=config.epochs + config.lora_epochs),
    )
    _log("stage 2", history)
    if so_far is None or history.best_validation is None or history.best_validation >= so_far:
        return True
    logger.info("stage 2 is undone: validation %.5f, stage 1 had %.5f", history.best_validation, so_far)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if name in before:
                value.copy_(before[name])
    return False


def _text_tokens(
    model: FilterLLM,
    features: NDArray[np.float32],
    positives: sparse.csr_array,
    embeddings: CollaborativeEmbeddings,
) -> TextTokens | None:
    """Solve for the closed-form tokens and put them into the model; None if the settings leave them out."""
    config = model.config
    if not config.text_weight:
        return None
    with torch.no_grad():
        centred = model.centring(torch.from_numpy(features).to(model.language_model.device))
    rng = np.random.default_rng(config.seed)
    vectors = (embeddings.users, embeddings.warm_items)
    found = fit_text_tokens(centred.cpu().numpy(), positives, vectors=vectors, config=config, rng=rng)
    model.set_text_tokens(found)
    return found.to(model.vocabulary.bias.device)


def _text_weight(model: FilterLLM, text: TextTokens, positives: sparse.csr_array) -> float:
    """The settings' share of the weight at which left-out items are likeliest."""
    rng = np.random.default_rng(model.config.seed)
    likeliest = likeliest_weight(text, positives, model.vocabulary.bias.detach(), rng=rng)
    return model.config.text_weight * likeliest


def _head(model: FilterLLM) -> list[torch.nn.Parameter]:
    """Mapper, scale and user tokens; not the language model."""
    return [value for name, value in model.named_parameters() if not name.startswith("language_model.")]


def _new_model(
    language_model: LanguageModel,
    features: NDArray[np.float32],
    space: TokenSpace,
    *,
    train: NDArray[np.int64],
    config: FilterLLMConfig,
    generator: torch.Generator,
) -> FilterLLM:
    """Initial mapper and tokens around the language model."""
    n_users, d = space.users.shape
    bias = degree_bias(train[:, 0], n_users=n_users, power=config.bias_power)
    sizes = (language_model.hidden_size, config.mapper_width, d)
    model = FilterLLM(
        language_model,
        config=config,
        centring=FeatureCentring.of(features),
        mapper=build_mapper(config.mapper, sizes=sizes, dropout=config.mapper_dropout, generator=generator),
        vocabulary=UserVocabulary(torch.from_numpy(space.users), torch.from_numpy(bias)),
    )
    return model.to(language_model.device)


def _token_space(embeddings: CollaborativeEmbeddings, config: FilterLLMConfig) -> TokenSpace:
    """Where the tokens start, and the targets of behaviour guiding in the same space."""
    d = embeddings.d if config.token_size is None else config.token_size
    space = token_space(embeddings.users, embeddings.warm_items, d=d)
    if config.token_init == "collaborative":
        return space
    return with_random_users(space, np.random.default_rng(config.seed))


def _positives(
    texts: Sequence[str], train: NDArray[np.int64], embeddings: CollaborativeEmbeddings
) -> sparse.csr_array:
    """(W, U) table of who took what, after the checks."""
    n_users, n_warm = len(embeddings.users), len(embeddings.warm_items)
    if len(texts) != n_warm:
        raise ValueError(f"texts must have one entry per warm item ({n_warm}), got {len(texts)}")
    if train.ndim != 2 or train.shape[1] != 2 or not len(train):
        raise ValueError(f"train must be pairs of shape (N, 2) with N >= 1, got shape {train.shape}")
    if train[:, 0].min() < 0 or train[:, 0].max() >= n_users:
        raise ValueError(
            f"train holds user_index {train[:, 0].max()}, but embeddings.users has {n_users} rows: "
            "both must come from one snapshot"
        )
    place = np.searchsorted(embeddings.warm_item_index, train[:, 1]).clip(max=n_warm - 1)
    strange = np.flatnonzero(embeddings.warm_item_index[place] != train[:, 1])
    if len(strange):
        raise ValueError(
            f"train holds item_index {train[strange[0], 1]}, which is not in embeddings.warm_item_index: "
            "both must come from one snapshot"
        )
    ones = np.ones(len(train), dtype=np.float32)
    positives = sparse.csr_array((ones, (place, train[:, 0])), shape=(n_warm, n_users))
    positives.sum_duplicates()
    positives.data[:] = 1
    empty = np.flatnonzero(np.diff(positives.indptr) == 0)
    if len(empty):
        raise ValueError(
            f"warm item {embeddings.warm_item_index[empty[0]]} has no pair in train ({len(empty)} such items)"
        )
    return positives


def _then_cosine(optimizer: AdamW, constant: int, total: int) -> LambdaLR:
    """Full learning rate for ``constant`` steps, then half a cosine down to 0 at ``total``."""

    def factor(step: int) -> float:
        if step < constant:
            return 1.0
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - constant) / max(1, total - constant))))

    return LambdaLR(optimizer, factor)


def _counting_on(on_epoch: OnEpoch | None, *, first: int, total: int) -> OnEpoch | None:
    """Number the epochs of both stages through."""
    if on_epoch is None:
        return None
    return lambda report: on_epoch(dataclasses.replace(report, epoch=first + report.epoch, epochs=total))


def _log(stage: str, history: TrainingHistory) -> None:
    """One line per stage."""
    last: EpochReport = history.epochs[-1]
    logger.info(
        "%s: %d epochs, best %d, loss %.4f, validation %s, %.0f s",
        stage, last.epoch, history.best_epoch, last.loss, history.best_validation, history.seconds,
    )  # fmt: skip

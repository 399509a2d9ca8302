"""Ours: the product, FilterLLM scored directly, and FilterLLM in its authors' form."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from assets.benchmark.entry import MOST_SEEDS, RIVAL_SEEDS, Entry, Scored
from models.coldstart.config import ColdUpdateConfig

if TYPE_CHECKING:
    from assets.benchmark.inputs import Inputs

PRODUCT = "default"
DIRECT = "filterllm"
REFERENCE = "filterllm_reference"
REFERENCE_PLACED = "filterllm_reference_placed"


def _product(inputs: "Inputs", seed: int) -> Iterator[Scored]:
    """As a retrain makes it: the same settings, the same functions."""
    from models.filterllm.config import FilterLLMConfig

    config = FilterLLMConfig(language_model=inputs.language_model, seed=seed)
    model, dtype = _fitted(inputs, config, vectors="ials", seed=seed, validated=True)
    yield from _scored(
        inputs,
        model,
        dtype,
        names={PRODUCT: PRODUCT, DIRECT: DIRECT},
        update=ColdUpdateConfig(seed=seed),
        seed=seed,
    )


def _reference(inputs: "Inputs", seed: int) -> Iterator[Scored]:
    """FilterLLM from BPR vectors to its last epoch; scored directly, and by BPR against random warm items."""
    from models.filterllm.config import FilterLLMConfig

    config = FilterLLMConfig.reference(language_model=inputs.language_model, seed=seed)
    model, dtype = _fitted(inputs, config, vectors="mf", seed=seed, validated=False)
    names = {DIRECT: REFERENCE, PRODUCT: REFERENCE_PLACED}
    update = ColdUpdateConfig.literal(seed=seed)
    yield from _scored(inputs, model, dtype, names=names, update=update, seed=seed)


def _fitted(inputs: "Inputs", config: Any, *, vectors: str, seed: int, validated: bool) -> tuple[Any, str]:
    """A FilterLLM on one kind of vectors, and the width of its training's matrix products."""
    import torch

    from assets.judging import cold_ndcg
    from models.filterllm.fit import fit_filterllm
    from models.filterllm.precision import training_precision

    tokens = inputs.vectors(vectors, seed)
    snapshot = inputs.snapshot
    model = fit_filterllm(
        snapshot.texts[tokens.warm_item_index],
        snapshot.split.train,
        tokens,
        config=config,
        validate=cold_ndcg(snapshot) if validated else None,
        on_epoch=inputs.on_epoch("FilterLLM"),
    )
    return model, training_precision(config.dtype, torch.device("cpu"))


def _scored(
    inputs: "Inputs", model: Any, dtype: str, *, names: dict[str, str], update: ColdUpdateConfig, seed: int
) -> Iterator[Scored]:
    """The one place that knows how the product scores.

    Args:
        inputs: Gives the collaborative space into which cold items are placed.
        model: A FilterLLM.
        dtype: Of its training.
        names: Name of the product's scorer -> name in the table.
        update: How cold items are placed.
        seed: Of the space.
    """
    from assets.scorers import product_scorers
    from assets.spaces import chosen_space, composed_space

    spaces = {
        name: inputs.vectors(kind, seed)
        for name, kind in (("token_vectors", "ials"), ("bpr_embeddings", "mf"))
        if update.space in ("auto", name)
    }
    name = chosen_space(inputs.snapshot, spaces, update)
    space = composed_space(inputs.snapshot, spaces[name], model, update)
    judged = product_scorers(inputs.snapshot, space, model, update)
    for scorer, name in names.items():
        yield Scored(name, judged[scorer].scorer, dtype, judged[scorer].audience)


ENTRIES = (
    Entry(PRODUCT, (PRODUCT, DIRECT), MOST_SEEDS, _product, quick=True),
    Entry(REFERENCE, (REFERENCE, REFERENCE_PLACED), RIVAL_SEEDS, _reference),
)

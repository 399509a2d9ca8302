"""ColdLLM: filter, language model, simulated interactions, and a collaborative model trained on all pairs."""

from collections.abc import Iterator, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from assets.benchmark.calibrated import AS_PRODUCT, SUFFIX, calibrated_scorer
from assets.benchmark.collaborative import collaborative_settings
from assets.benchmark.entry import Entry, Scored, as_json
from assets.benchmark.revisions import revised
from assets.benchmark.rivals import BPR_VECTORS, rival_input

if TYPE_CHECKING:
    from assets.benchmark.inputs import Inputs

WHOLE, FILTER, FOLDED, FEWER = "coldllm", "coldllm_filter", "coldllm_fold_in", "coldllm_asked25"
USUAL = "mf"
STRONG_SPACE = "ials"
CANDIDATES = 500
ASKED = {WHOLE: 100, FEWER: 25, "coldllm_ngcf": 25, "coldllm_lightgcn": 25}
"""Candidates of an item that the language model is asked about, by model: 100 are 340,000 questions on CiteULike, which
one core with bfloat16 answers in an hour."""
ITEMS_PER_BLOCK = 256
"""Cold items whose answers are kept together: a unit that is stopped goes on at the next block."""
USERS_PER_ITEM = 20
FILTER_WEIGHTS = (0.0, 0.5, 1.0, 2.0)
"""What the filter may still say beside the language model; the first, the paper's rule, wins a tie."""


def _filter_alone(inputs: "Inputs", seed: int) -> Iterator[Scored]:
    """Without refining: the filter's first users are the simulated ones."""
    from models.baselines.coldllm.funnel import candidates

    factors, cold = _filter(inputs, USUAL, seed), _cold_items(inputs)
    users, _ = candidates(factors, cold, n=USERS_PER_ITEM)
    yield Scored(FILTER, _retrained(inputs, USUAL, users, seed), audience=factors)


def _whole(kind: str, inputs: "Inputs", seed: int) -> Iterator[Scored]:
    """The whole funnel; its users placed by retraining, as in the paper, and on MF by folding them into iALS too.

    On MF there is a second one that hears less of the same answers, beside which those on graph vectors stand.
    """
    from models.baselines.coldllm.funnel import candidates

    name = _name(kind)
    factors, cold = _filter(inputs, kind, seed), _cold_items(inputs)
    users, scores = candidates(factors, cold, n=CANDIDATES)
    margins, dtype = _margins(inputs, kind, factors, users[:, : ASKED[name]], seed)
    every = _Funnel(factors, users, scores, margins)
    chosen, audience, stages = _refined(inputs, every)
    yield Scored(name, _retrained(inputs, kind, chosen, seed), dtype, audience, stages)
    if kind == USUAL:
        folded = _folded_in(inputs, chosen, seed)
        yield Scored(FOLDED, folded, dtype, audience)
        calibrated = calibrated_scorer(inputs.snapshot, folded.users, folded.items)
        yield Scored(FOLDED + SUFFIX, calibrated, dtype, audience)
        chosen, audience, stages = _refined(inputs, every._replace(margins=margins[:, : ASKED[FEWER]]))
        yield Scored(FEWER, _retrained(inputs, kind, chosen, seed), dtype, audience, stages)


class _Funnel(NamedTuple):
    """The filter, its users of each cold item (C, n) with their scores, and the answers about the first, (C, m)."""

    filter: Any
    users: Any
    scores: Any
    margins: Any


def _refined(inputs: "Inputs", found: _Funnel) -> tuple[Any, Any, dict[str, Any]]:
    """The simulated users (C, K), who names an item's users, and what is left after each stage."""
    from models.baselines.coldllm.funnel import FunnelAudience, refined_order

    asked, said = (of_all[:, : found.margins.shape[1]] for of_all in (found.users, found.scores))
    orders = {
        weight: refined_order(asked, said, found.margins, filter_weight=weight) for weight in FILTER_WEIGHTS
    }
    weight = _best_weight(inputs, orders)
    stages = {
        "filter": found.users,
        "language model": orders[0.0],
        f"with {weight:g} of the filter": orders[weight],
    }
    audience = FunnelAudience(found.filter, _cold_items(inputs), orders[weight])
    return orders[weight][:, :USERS_PER_ITEM], audience, stages


def _cold_items(inputs: "Inputs") -> Any:
    """Held-out cold items of both phases, rising."""
    from assets.judging import evaluation_input

    return evaluation_input(inputs.snapshot).cold_items


def _filter(inputs: "Inputs", kind: str, seed: int) -> Any:
    """The coupled filter's factors, trained once for all entries of a kind of vectors."""
    from models.baselines.coldllm import coupled_filter
    from models.baselines.factors import Factors

    data = rival_input(inputs, kind, seed)

    def compute() -> dict[str, Any]:
        fitted = coupled_filter.fit(data, on_epoch=inputs.on_epoch("ColdLLM's filter"))
        return {"users": fitted.factors.users, "items": fitted.factors.items}

    settings = {"language_model": inputs.language_model, "seed": seed, **_filter_settings(kind, seed)}
    return Factors(**inputs.shared("coldllm-filter", settings, compute))


def _margins(inputs: "Inputs", kind: str, factors: Any, asked: Any, seed: int) -> tuple[Any, str]:
    """What the language model, trained on warm items, says of each candidate (C, n), and its width."""
    import numpy as np
    import torch

    from models.filterllm.precision import training_precision

    precision = training_precision("auto", torch.device("cpu"))
    refiner = cache(
        partial(_refiner, inputs, kind, factors, seed, precision)
    )  # trained if a block is missing
    settings = {"language_model": inputs.language_model, "seed": seed, "precision": precision}
    settings |= _asking_settings(kind, seed)
    cold = _cold_items(inputs)

    def answers(begin: int) -> Any:
        block = slice(begin, begin + ITEMS_PER_BLOCK)
        inputs.tell(begin, len(cold), "cold items the language model was asked about")
        given = {**settings, "items": [begin, ITEMS_PER_BLOCK]}
        found = inputs.shared(
            "coldllm-margins", given, lambda: {"margins": refiner().margins(asked[block], cold[block])}
        )
        return found["margins"]

    return np.concatenate([answers(begin) for begin in range(0, len(cold), ITEMS_PER_BLOCK)]), precision


def _refiner(inputs: "Inputs", kind: str, factors: Any, seed: int, precision: Any) -> Any:
    """The language model, trained to tell the real users of warm items from others."""
    from models.baselines.coldllm import funnel, refiner
    from models.filterllm.language_model import load_language_model

    data, config = rival_input(inputs, kind, seed), refiner.RefinerConfig()
    wrong = funnel.wrong_candidates(factors, data.train, data.warm_items, n=config.hard_among)
    language_model = load_language_model(inputs.language_model, device="cpu")
    untrained = refiner.Refiner(data, inputs.texts, language_model, config=config, precision=precision)
    return refiner.fit(data, untrained, wrong, config=config, on_epoch=inputs.on_epoch("ColdLLM's refiner"))


def _best_weight(inputs: "Inputs", orders: Mapping[float, Any]) -> float:
    """The filter's weight with the most true pairs among the simulated ones of cold validation items."""
    from assets.judging import evaluation_input
    from evaluation.funnel import funnel_figures

    data = evaluation_input(inputs.snapshot)
    best, most = 0.0, -1.0
    for weight, users in orders.items():
        for one in funnel_figures(users, data, model=WHOLE, seed=0, stage=""):
            wanted = (one.phase, one.metric, one.k) == ("validation", "true_pairs", USERS_PER_ITEM)
            if wanted and one.value > most:
                best, most = weight, one.value
    return best


def _retrained(inputs: "Inputs", kind: str, users: Any, seed: int) -> Any:
    """The collaborative model trained on real and simulated pairs alike."""
    from evaluation.scorer import FactorScorer
    from models.baselines.coldllm.funnel import simulated_pairs

    vectors = inputs.vectors(kind, seed, further=simulated_pairs(users, _cold_items(inputs)))
    return FactorScorer(vectors.users, vectors.item_table(inputs.snapshot.n_items))


def _folded_in(inputs: "Inputs", users: Any, seed: int) -> Any:
    """The simulated pairs as interactions of new items in a strong space that stays as it is."""
    import numpy as np

    from evaluation.scorer import FactorScorer
    from models.baselines.coldllm.funnel import simulated_pairs
    from models.coldstart.fold_in import FoldInConfig, fold_in_items

    vectors, cold = inputs.vectors(STRONG_SPACE, seed), _cold_items(inputs)  # (U, D), (C,)
    pairs = simulated_pairs(users, np.arange(len(cold)))[:, ::-1]
    table = vectors.item_table(inputs.snapshot.n_items)
    table[cold] = fold_in_items(
        vectors.users, None, real_pairs=pairs, config=FoldInConfig(regulariser=vectors.regulariser)
    )
    return FactorScorer(vectors.users, table)


def _filter_settings(kind: str, seed: int) -> dict[str, Any]:
    from models.baselines.coldllm.coupled_filter import FilterConfig

    settings = {"filter": as_json(FilterConfig()), "vectors": collaborative_settings(kind, seed)}
    return revised("coldllm-filter", settings)


def _asking_settings(kind: str, seed: int) -> dict[str, Any]:
    """On which the language model's answers depend."""
    from models.baselines.coldllm.refiner import RefinerConfig

    settings = {"refiner": as_json(RefinerConfig()), "refined": ASKED[_name(kind)]}
    return {**_filter_settings(kind, seed), **revised("coldllm-refiner", settings)}


def _settings(kind: str, seed: int) -> dict[str, Any]:
    given = {**_asking_settings(kind, seed), "weights": FILTER_WEIGHTS}
    if kind != USUAL:
        return given
    funnel = {"candidates": CANDIDATES, "users_per_item": USERS_PER_ITEM, "fewer": ASKED[FEWER]}
    placed = {"folded_into": collaborative_settings(STRONG_SPACE, seed), "calibration": as_json(AS_PRODUCT)}
    return {**given, **funnel, **placed}


def _name(kind: str) -> str:
    return WHOLE if kind == USUAL else f"{WHOLE}_{kind}"


def _entry(kind: str) -> Entry:
    """The whole funnel on one kind of vectors."""
    models = (WHOLE, FOLDED, FOLDED + SUFFIX, FEWER) if kind == USUAL else (_name(kind),)
    return Entry(models[0], models, 1, partial(_whole, kind), settings=partial(_settings, kind))


ENTRIES = (
    Entry(FILTER, (FILTER,), 1, _filter_alone, settings=partial(_filter_settings, USUAL)),
    *(_entry(kind) for kind in BPR_VECTORS),
)

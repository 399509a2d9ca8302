"""ColdLLM: filter, language model, simulated interactions, and a collaborative model trained on all pairs."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from assets.benchmark.calibrated import AS_PRODUCT, SUFFIX, calibrated_scorer
from assets.benchmark.collaborative import collaborative_config, collaborative_settings
from assets.benchmark.entry import Entry, Scored, as_json
from assets.benchmark.revisions import CALIBRATION, revised
from assets.benchmark.rivals import BPR_VECTORS, rival_input

if TYPE_CHECKING:
    from assets.benchmark.inputs import Inputs

WHOLE, FILTER, FOLDED = "coldllm", "coldllm_filter", "coldllm_fold_in"
USUAL = "mf"
STRONG_SPACE = "ials"
CANDIDATES = 500
ASKED = 100
"""Candidates of an item that the language model is asked about: 340,000 questions on CiteULike, which one core with
bfloat16 answers in less than an hour."""
USERS_PER_ITEM = 20
RETRAINING_EPOCHS = 1000
"""At most; as in the paper, what stops is NDCG over all items, which the simulated pairs raise for longer than warm
lists alone."""
FILTER_WEIGHTS = (0.0, 0.5, 1.0, 2.0)
"""What the filter may still say beside the language model; the first, the paper's rule, wins a tie."""


def _filter_alone(inputs: "Inputs", seed: int) -> Iterator[Scored]:
    """Without refining: the filter's first users are the simulated ones."""
    users, _ = _candidates(inputs, USUAL, seed)
    placed = _retrained(inputs, USUAL, users[:, :USERS_PER_ITEM], seed)
    yield Scored(FILTER, placed, audience=_filter(inputs, USUAL, seed))


def _whole(kind: str, inputs: "Inputs", seed: int) -> Iterator[Scored]:
    """The whole funnel; its users placed by retraining, as in the paper, and on MF by folding them into iALS too."""
    name = _name(kind)
    users, scores = _candidates(inputs, kind, seed)
    margins, dtype = _margins(inputs, kind, seed)
    found = _Funnel(_filter(inputs, kind, seed), users, scores, margins)
    chosen, audience, stages = _refined(inputs, found)
    if kind == USUAL:  # first: retraining is not of their time
        folded = _folded_in(inputs, chosen, seed)
        yield Scored(FOLDED, folded, dtype, audience)
        calibrated = calibrated_scorer(inputs.snapshot, folded.users, folded.items)
        yield Scored(FOLDED + SUFFIX, calibrated, dtype, audience)
    yield Scored(name, _retrained(inputs, kind, chosen, seed), dtype, audience, stages)


def _candidates(inputs: "Inputs", kind: str, seed: int) -> tuple[Any, Any]:
    """The filter's users of each cold item and their scores, each (C, n)."""
    from models.baselines.coldllm.funnel import candidates

    return candidates(_filter(inputs, kind, seed), _cold_items(inputs), n=CANDIDATES)


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

    settings = {**inputs.text_settings(), "seed": seed, **_filter_settings(kind, seed)}
    return Factors(**inputs.shared("coldllm-filter", settings, compute))


def _margins(inputs: "Inputs", kind: str, seed: int) -> tuple[Any, str]:
    """What the language model says of each candidate (C, n) that it is asked about, and its width."""
    from assets.benchmark.coldllm_answers import answers

    chain = _chain(kind)
    return answers(
        inputs,
        _cold_items(inputs),
        {one: _candidates(inputs, one, seed)[0][:, :ASKED] for one in chain},
        factors=_filter(inputs, USUAL, seed),
        vectors=USUAL,
        settings={one: _filter_settings(one, seed) for one in chain},
        seed=seed,
    )


def _chain(kind: str) -> tuple[str, ...]:
    """The kinds of vectors up to this one, the usual one first."""
    return BPR_VECTORS[: BPR_VECTORS.index(kind) + 1]


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
    """The collaborative model trained on real and simulated pairs alike, until lists of all items are at their best."""
    from assets.benchmark.collaborative import fit_collaborative
    from assets.judging import embeddings_scorer, overall_ndcg
    from models.baselines.coldllm.funnel import simulated_pairs

    pairs, snapshot = simulated_pairs(users, _cold_items(inputs)), inputs.snapshot
    vectors = fit_collaborative(
        snapshot,
        _retraining(kind, seed),
        on_epoch=inputs.on_epoch(f"{kind} vectors with {len(pairs):,} simulated pairs"),
        further=pairs,
        validate=overall_ndcg(snapshot),
    )
    return embeddings_scorer(vectors, snapshot)


def _retraining(kind: str, seed: int) -> Any:
    """As the collaborative model alone is trained, as long as it takes."""
    return replace(collaborative_config(kind, seed), epochs=RETRAINING_EPOCHS)


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
    from assets.benchmark.coldllm_answers import refiner_settings

    filters = {one: _filter_settings(one, seed) for one in _chain(kind)}
    return {**refiner_settings(), "asked": ASKED, "filters": filters}


def _settings(kind: str, seed: int) -> dict[str, Any]:
    given = {**_asking_settings(kind, seed), **_retraining_settings(kind, seed)}
    given |= {"candidates": CANDIDATES, "users_per_item": USERS_PER_ITEM, "weights": FILTER_WEIGHTS}
    if kind != USUAL:
        return given
    placed = {"folded_into": collaborative_settings(STRONG_SPACE, seed), "calibration": as_json(AS_PRODUCT)}
    return revised(CALIBRATION, {**given, **placed})


def _filter_alone_settings(seed: int) -> dict[str, Any]:
    placed = {"users_per_item": USERS_PER_ITEM, **_retraining_settings(USUAL, seed)}
    return {**_filter_settings(USUAL, seed), **placed}


def _retraining_settings(kind: str, seed: int) -> dict[str, Any]:
    return {"retraining": as_json(_retraining(kind, seed)), "retraining_stops_by": "overall NDCG"}


def _name(kind: str) -> str:
    return WHOLE if kind == USUAL else f"{WHOLE}_{kind}"


def _entry(kind: str) -> Entry:
    """The whole funnel on one kind of vectors."""
    models = (FOLDED, FOLDED + SUFFIX, WHOLE) if kind == USUAL else (_name(kind),)
    return Entry(_name(kind), models, 1, partial(_whole, kind), settings=partial(_settings, kind))


ENTRIES = (
    Entry(FILTER, (FILTER,), 1, _filter_alone, settings=_filter_alone_settings),
    *(_entry(kind) for kind in BPR_VECTORS),
)

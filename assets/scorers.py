"""Everything that is judged in one report, each as a scorer of users for items."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from data.errors import InputError
from data.readers.synthetic import SyntheticWorld, meaning_of
from data.snapshot import Snapshot
from data.split import ItemRole
from evaluation.scorer import FactorScorer
from models.coldstart.config import ColdUpdateConfig
from models.coldstart.published_space import PublishedSpace

PRODUCT = "default"
DIRECT = "filterllm"
OURS = (PRODUCT, DIRECT)


class Judged(NamedTuple):
    """A model before the judges.

    Attributes:
        scorer: Ranks items for users.
        probabilities: Log-probabilities over all users, where the model gives a distribution.
        audience: Names an item's users, where that is another answer than the scorer's.
    """

    scorer: Any
    probabilities: Any = None
    audience: Any = None


def placed_table(snapshot: Snapshot, space: PublishedSpace, model: Any, config: ColdUpdateConfig) -> Any:
    """The item table that would be published: warm rows as composed, cold rows placed from their text.

    Returns:
        Shape (I, F), float32; items that are neither warm nor held out stay zero.
    """
    from assets.spaces import placed_by_text

    cold = snapshot.split.items_with_role(ItemRole.COLD_VALIDATION, ItemRole.COLD_TEST)
    table = space.item_table(snapshot.n_items)
    table[cold] = placed_by_text(snapshot.texts[cold], space, model, config)
    return table


def product_scorers(
    snapshot: Snapshot, space: PublishedSpace, model: Any, config: ColdUpdateConfig
) -> dict[str, Judged]:
    """Ours: the product (the published vectors and audiences) and FilterLLM scored directly."""
    with model.remembering():
        direct = direct_scorer(snapshot, model)
        placed = FactorScorer(space.users, placed_table(snapshot, space, model, config))
    return {PRODUCT: Judged(placed, audience=direct.probabilities), DIRECT: direct}


def direct_scorer(snapshot: Snapshot, model: Any) -> Judged:
    """FilterLLM scored directly: lists by relevance, audiences by probability, from one pass over the texts."""
    from models.filterllm.item_offset import with_offset

    users = model.user_factors()
    factors, popularity = model.answers(snapshot.texts[np.arange(snapshot.n_items)])
    relevance = with_offset(factors, popularity, model.offset_weights)
    return Judged(FactorScorer(users, relevance), FactorScorer(users, factors))


def collaborative_scorer(snapshot: Snapshot, embeddings: Any) -> dict[str, Judged]:
    """The collaborative model alone, which knows no cold item."""
    return {"collaborative": Judged(FactorScorer(embeddings.users, embeddings.item_table(snapshot.n_items)))}


@dataclass(frozen=True)
class OracleScorer:
    """What the synthetic world itself would answer."""

    world: SyntheticWorld
    user_ids: Any
    texts: list[str]

    def scores(self, user_index: Any, item_index: Any) -> Any:
        """True log-probabilities, shape (b, c), float32."""
        titles = [self.texts[item] for item in item_index]
        return self.world.true_log_probabilities(list(self.user_ids[user_index]), titles)


def oracle_scorers(snapshot: Snapshot, home: Path) -> dict[str, Judged]:
    """The oracle, in a home that holds a synthetic world and nothing else; elsewhere nothing."""
    if not SyntheticWorld.is_in(home):
        return {}
    world = SyntheticWorld.load(home)
    ids = np.asarray(snapshot.users.ids, dtype=object)
    texts = snapshot.texts[np.arange(snapshot.n_items)]
    judged = snapshot.split.item_role != ItemRole.WITHOUT_INTERACTIONS
    if not (
        set(ids) <= set(world.user_ids) and all(map(_is_of_a_world, np.array(texts, dtype=object)[judged]))
    ):
        return {}
    return {"oracle": Judged(OracleScorer(world, ids, texts))}


def _is_of_a_world(title: str) -> bool:
    try:
        meaning_of(title)
    except InputError:
        return False
    return True


def reference_scorers(snapshot: Snapshot, embeddings: Any, model: Any, *, seed: int) -> dict[str, Judged]:
    """The references of the report, fitted on training pairs alone.

    Args:
        snapshot: The snapshot.
        embeddings: Collaborative embeddings.
        model: Its language model, without adapters, embeds the texts for kNN and ridge.
        seed: Seed of chance.
    """
    from models.baselines import chance, content_knn, popularity, ridge, ridge_to_vectors, tfidf_profile

    train, users, warm = snapshot.split.train, snapshot.n_users, snapshot.split.warm_items
    texts = snapshot.texts[np.arange(snapshot.n_items)]
    features = model.encode(texts)
    prior = popularity.fit(train, n_users=users, n_items=snapshot.n_items)
    text_to_users = ridge.fit(train, embeddings=features, warm_items=warm, n_users=users)
    return {
        "chance": Judged(chance.fit(seed=seed)),
        "popularity": Judged(prior, prior),
        "tfidf_profile": Judged(tfidf_profile.fit(train, texts=texts, warm_items=warm, n_users=users)),
        "content_knn": Judged(content_knn.fit(train, embeddings=features, warm_items=warm, n_users=users)),
        "ridge": Judged(text_to_users),
        "ridge_root_degree": Judged(ridge.divided_by_root_degree(text_to_users, train)),
        "ridge_to_vectors": Judged(
            ridge_to_vectors.fit(
                features, warm_items=warm, user_vectors=embeddings.users, warm_vectors=embeddings.warm_items
            )
        ),
    }

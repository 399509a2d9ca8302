"""Models without gradient descent: guesses, counts, neighbours and regressions."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from assets.benchmark.entry import Scored, entry

if TYPE_CHECKING:
    from assets.benchmark.inputs import Inputs


def _chance(inputs: "Inputs", seed: int) -> Iterator[Scored]:
    from models.baselines import chance

    yield Scored("chance", chance.fit(seed=seed))


def _popularity(inputs: "Inputs", seed: int) -> Iterator[Scored]:
    from models.baselines import popularity

    data = inputs.snapshot
    yield Scored("popularity", popularity.fit(data.split.train, n_users=data.n_users, n_items=data.n_items))


def _tfidf_profile(inputs: "Inputs", seed: int) -> Iterator[Scored]:
    from models.baselines import tfidf_profile

    data = inputs.snapshot
    model = tfidf_profile.fit(
        data.split.train, texts=inputs.texts, warm_items=data.split.warm_items, n_users=data.n_users
    )
    yield Scored("tfidf_profile", model)


def _tfidf_kernel_ridge(inputs: "Inputs", seed: int) -> Iterator[Scored]:
    from models.baselines import tfidf_kernel_ridge

    data = inputs.snapshot
    model = tfidf_kernel_ridge.fit(
        data.split.train,
        texts=inputs.texts,
        warm_items=data.split.warm_items,
        n_users=data.n_users,
        config=tfidf_kernel_ridge.TfidfKernelRidgeConfig(seed=seed),
    )
    yield Scored("tfidf_kernel_ridge", model)


def _content_knn(inputs: "Inputs", seed: int) -> Iterator[Scored]:
    from models.baselines import content_knn

    data, warm = inputs.snapshot, inputs.snapshot.split.warm_items
    model = content_knn.fit(
        data.split.train, embeddings=inputs.features(), warm_items=warm, n_users=data.n_users
    )
    yield Scored("content_knn", model)


def _ridge(inputs: "Inputs", seed: int) -> Iterator[Scored]:
    from models.baselines import ridge

    data, warm = inputs.snapshot, inputs.snapshot.split.warm_items
    model = ridge.fit(data.split.train, embeddings=inputs.features(), warm_items=warm, n_users=data.n_users)
    yield Scored("ridge", model)


def _ridge_root_degree(inputs: "Inputs", seed: int) -> Iterator[Scored]:
    from models.baselines.ridge import divided_by_root_degree

    for raw in _ridge(inputs, seed):
        yield Scored("ridge_root_degree", divided_by_root_degree(raw.scorer, inputs.snapshot.split.train))


def _ridge_to_vectors(inputs: "Inputs", seed: int) -> Iterator[Scored]:
    from models.baselines import ridge_to_vectors

    vectors = inputs.vectors("ials", seed)
    model = ridge_to_vectors.fit(
        inputs.features(),
        warm_items=vectors.warm_item_index,
        user_vectors=vectors.users,
        warm_vectors=vectors.warm_items,
    )
    yield Scored("ridge_to_vectors", model)


ENTRIES = (
    entry("chance", _chance, quick=True),
    entry("popularity", _popularity, quick=True),
    entry("tfidf_profile", _tfidf_profile, quick=True),
    entry("tfidf_kernel_ridge", _tfidf_kernel_ridge, quick=True),
    entry("content_knn", _content_knn, quick=True),
    entry("ridge", _ridge, quick=True),
    entry("ridge_root_degree", _ridge_root_degree, quick=True),
    entry("ridge_to_vectors", _ridge_to_vectors, quick=True),
)

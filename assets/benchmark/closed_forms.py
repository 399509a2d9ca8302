"""Models without gradient descent: guesses, counts, neighbours and regressions."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from assets.benchmark.entry import Build, Entry, Scored, defaults_of, entry

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


def _text_popularity(inputs: "Inputs", seed: int) -> Iterator[Scored]:
    from models.baselines import text_popularity

    data, warm = inputs.snapshot, inputs.snapshot.split.warm_items
    model = text_popularity.fit(
        data.split.train, embeddings=inputs.features(), warm_items=warm, n_users=data.n_users, seed=seed
    )
    yield Scored("text_popularity", model)


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


def _closed(name: str, build: Build, *, module: str = "", vectors: str = "") -> Entry:
    """An entry whose settings are the defaults of a file's ``fit``, and those of the vectors it is fitted to."""

    def settings(seed: int) -> Mapping[str, Any]:
        import importlib

        from assets.benchmark.collaborative import collaborative_settings

        found = defaults_of(importlib.import_module(f"models.baselines.{module or name}").fit)
        return {"fit": found, "vectors": collaborative_settings(vectors, seed) if vectors else None}

    return entry(name, build, quick=True, settings=settings)


ENTRIES = (
    _closed("chance", _chance),
    _closed("popularity", _popularity),
    _closed("tfidf_profile", _tfidf_profile),
    _closed("tfidf_kernel_ridge", _tfidf_kernel_ridge),
    _closed("content_knn", _content_knn),
    _closed("text_popularity", _text_popularity),
    _closed("ridge", _ridge),
    _closed("ridge_root_degree", _ridge_root_degree, module="ridge"),
    _closed("ridge_to_vectors", _ridge_to_vectors, vectors="ials"),
)

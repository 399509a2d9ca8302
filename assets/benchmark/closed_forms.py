"""Models without gradient descent: guesses, counts, neighbours and regressions."""

from collections.abc import Callable, Iterator, Mapping
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

    data, config = inputs.snapshot, tfidf_kernel_ridge.TfidfKernelRidgeConfig(seed=seed)
    at = tfidf_kernel_ridge.path(
        data.split.train,
        texts=inputs.texts,
        warm_items=data.split.warm_items,
        n_users=data.n_users,
        config=config,
    )
    yield Scored("tfidf_kernel_ridge", _best(inputs, at, config.penalty))


def _content_knn(inputs: "Inputs", seed: int) -> Iterator[Scored]:
    from models.baselines import content_knn

    def at(neighbours: float) -> Any:
        return content_knn.fit(**_of_texts(inputs), neighbours=max(1, round(neighbours)))

    yield Scored("content_knn", _best(inputs, at, content_knn.NEIGHBOURS))


def _text_popularity(inputs: "Inputs", seed: int) -> Iterator[Scored]:
    from models.baselines import text_popularity

    at = text_popularity.path(**_of_texts(inputs), landmarks=text_popularity.LANDMARKS, seed=seed)
    yield Scored("text_popularity", _best(inputs, at, text_popularity.PENALTY))


def _ridge(inputs: "Inputs", seed: int) -> Iterator[Scored]:
    from models.baselines import ridge

    yield Scored("ridge", _best(inputs, ridge.path(**_of_texts(inputs)), ridge.PENALTY))


def _ridge_root_degree(inputs: "Inputs", seed: int) -> Iterator[Scored]:
    from models.baselines.ridge import divided_by_root_degree

    for raw in _ridge(inputs, seed):
        yield Scored("ridge_root_degree", divided_by_root_degree(raw.scorer, inputs.snapshot.split.train))


def _ridge_to_vectors(inputs: "Inputs", seed: int) -> Iterator[Scored]:
    from models.baselines import ridge_to_vectors

    vectors = inputs.vectors("ials", seed)
    at = ridge_to_vectors.path(
        inputs.features(),
        warm_items=vectors.warm_item_index,
        user_vectors=vectors.users,
        warm_vectors=vectors.warm_items,
    )
    yield Scored("ridge_to_vectors", _best(inputs, at, ridge_to_vectors.PENALTY))


def _of_texts(inputs: "Inputs") -> dict[str, Any]:
    """What is learned from pairs and text vectors alone is given these."""
    data = inputs.snapshot
    return {
        "train": data.split.train,
        "embeddings": inputs.features(),
        "warm_items": data.split.warm_items,
        "n_users": data.n_users,
    }


def _best(inputs: "Inputs", at: Callable[[float], Any], start: float) -> Any:
    """The model of the number that cold validation items choose: other data want another penalty."""
    from assets.benchmark.rivals import cold_validation
    from models.baselines.validation_choice import chosen_on_validation

    return chosen_on_validation(at, start, validate=cold_validation(inputs.snapshot))


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

"""What a cold item is worth as its first real interactions come: the product's placement against other ways."""

from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assets.benchmark.data_choice import DataChoice
from assets.benchmark.documents import name_of, place_tables, require_place
from assets.benchmark.entry import FIRST_SEED
from data.errors import InputError
from models.coldstart.config import ColdUpdateConfig
from models.coldstart.published_space import Calibration, PublishedSpace
from models.coldstart.top_users import TopUsers

if TYPE_CHECKING:
    from assets.benchmark.inputs import Inputs
    from evaluation.protocol import RankingTask
    from evaluation.revealing import Revealing
    from evaluation.warming import Trial, Warming
    from models.collaborative.embeddings import CollaborativeEmbeddings

STEPS = (0, 1, 3, 5, 10)
"""Real interactions revealed of each item; the last is the pool's size."""

HALVES_AT = (0.03, 0.06, 0.12, 0.25, 0.5, 1.0, 2.0, 8.0)
WARM_AT = (0.3, 1.0, 3.0, 10.0)
TRIED = ("pseudo_halves_at", "warm_at")
ALIKE = 1e9
"""Real users at which a simulated one would count half: never."""

METHODS = {
    "default": "the product's placement, its two shares as validation chose them below",
    "counted_alike": "the same, with each simulated user counting as much as a real one",
    "pseudo_alone": "the product's placement without the real interactions",
    "real_alone": "the closed-form fold-in of the real interactions alone; no text, no simulated users",
    "retrained": "the collaborative model trained again with the revealed pairs added; no text",
    "retrained_with_text": "likewise, beside the text part at its weight for a warm item",
}

Bars = Callable[[str, int, int, str], None]


@dataclass(frozen=True)
class Ready:
    """What placing cold items takes, once FilterLLM is trained.

    Attributes:
        kind: Of the collaborative vectors that are published.
        space: The published space.
        pseudo: Simulated users of the S items.
        text_items: What their texts say and how they appeal, (S, D + 1) float32.
    """

    kind: str
    space: PublishedSpace
    pseudo: TopUsers
    text_items: Any

    def placed(self, positions: Any, config: ColdUpdateConfig) -> Any:
        """Vectors (S, F) of the items with these real users, as they would be published."""
        from models.coldstart.published_space import place

        return place(self.space, self.pseudo, positions, text_items=self.text_items, config=config)


def warming_study(
    data: DataChoice,
    out: Path,
    *,
    seed: int = FIRST_SEED,
    language_model: str = "embedded",
    docs: Path | None = None,
    bars: Bars = lambda station, done, total, note: None,
) -> "Warming":
    """Train once, choose the shares on cold validation items, draw the curve on cold test items.

    Args:
        data: Data set and split.
        out: Folder of the shared arrays and of what is written; may be a benchmark's.
        seed: Of the training and of the draw.
        language_model: ``embedded``, a folder or a Hugging Face id.
        docs: Folder of documents whose ``results.md`` has a place for ``DATA-warming``; None: none.
        bars: Told ``(station, done, total, note)`` while something moves.

    Returns:
        The study; ``warming.json``, ``.md`` and ``.svg`` lie in ``out``.

    Raises:
        InputError: If the data cannot be read, hold no cold item with enough interactions, or the documents have
            no place for the tables.
    """
    from assets.benchmark.about import about
    from assets.benchmark.inputs import Inputs
    from evaluation.warming import Warming

    name = f"{name_of(data)}-warming"
    if docs is not None:
        require_place(docs, name)
    bars("steps", 0, 4, "reading the data")
    snapshot = data.snapshot()
    inputs = Inputs(
        snapshot,
        out / "cache",
        language_model=language_model,
        epochs=lambda done, total, note: bars("epochs", done, total, note),
    )
    revealing, tasks = _questions(inputs, seed)
    bars("steps", 1, 4, "training")
    ready = _ready(inputs, revealing.items, seed)
    bars("steps", 2, 4, "choosing on validation")
    trials = list(_trials(ready, revealing, tasks["validation"], ColdUpdateConfig(seed=seed)))
    chosen = max(trials, key=lambda trial: trial.value)
    bars("steps", 3, 4, "the curve on test")
    figures = _figures(inputs, ready, revealing, tasks["test"], _set_to(chosen, ColdUpdateConfig(seed=seed)))
    told = about(snapshot, language_model=language_model) | {
        "seed": seed,
        "pool": STEPS[-1],
        "items": len(revealing.items),
        "test_users": len(tasks["test"].users),
        "test_pairs": len(tasks["test"].truth),
        "published_vectors": ready.kind,
        "methods": METHODS,
    }
    study = Warming(told, trials, figures)
    study.save(out)
    if docs is not None:
        place_tables(docs, name, copy=study.to_json(), origin=study.origin(), tables=study.tables())
    bars("steps", 4, 4, "")
    return study


def _questions(inputs: "Inputs", seed: int) -> "tuple[Revealing, dict[str, RankingTask]]":
    """What is revealed, and the question of either phase."""
    from evaluation.revealing import Revealing

    split, n_items = inputs.snapshot.split, inputs.snapshot.n_items
    held = {"validation": split.validation.cold, "test": split.test.cold}
    try:
        revealing = Revealing.draw(np.concatenate(list(held.values())), size=STEPS[-1], seed=seed)
        return revealing, {
            phase: revealing.task(np.unique(pairs[:, 1]), n_items=n_items) for phase, pairs in held.items()
        }
    except ValueError as error:
        raise InputError(f"{inputs.snapshot.key}: {error}") from error


def _ready(inputs: "Inputs", items: Any, seed: int) -> Ready:
    """The product, trained or as the cache has it."""
    from assets.benchmark.product import DIRECT, PRODUCT, Form

    form = Form(DIRECT, PRODUCT)
    settings = {**inputs.text_settings(), "items": items.tolist(), **form.settings(seed)}
    fixed = {name: value for name, value in settings["placement"].items() if name not in TRIED}
    settings["placement"] = fixed  # what is tried comes after training
    arrays = inputs.shared("warming", settings, lambda: _trained(inputs, items, seed))
    space = PublishedSpace(
        users=arrays["users"],
        warm_items=arrays["warm_items"],
        warm_item_index=arrays["warm_item_index"],
        collaborative_size=int(arrays["collaborative_size"]),
        user_scale=arrays["user_scale"],
        calibration=Calibration(*arrays["calibration"].tolist()),
        regulariser=float(arrays["regulariser"]),
    )
    pseudo = TopUsers(arrays["pseudo_users"], arrays["pseudo_log_probabilities"])
    return Ready(str(arrays["kind"]), space, pseudo, arrays["text_items"])


def _trained(inputs: "Inputs", items: Any, seed: int) -> dict[str, Any]:
    """FilterLLM and the space it is published in, and what they say of the items."""
    from assets.benchmark.product import DIRECT, PRODUCT, Form, fitted
    from assets.spaces import chosen_space, composed_space, text_vectors

    form, update, snapshot = Form(DIRECT, PRODUCT), ColdUpdateConfig(seed=seed), inputs.snapshot
    model, _ = fitted(form, inputs, seed)
    spaces = {name: inputs.vectors(kind, seed) for name, kind in form.spaces.items()}
    name = chosen_space(snapshot, spaces, update)
    texts = snapshot.texts[items]
    with model.remembering():
        space = composed_space(snapshot, spaces[name], model, update)
        pseudo = model.simulate(texts, k=update.users_among(len(space.users)))
        text_items = text_vectors(texts, space, model)
    return {
        **{name: getattr(space, name) for name in ("users", "warm_items", "warm_item_index", "user_scale")},
        "collaborative_size": np.int64(space.collaborative_size),
        "regulariser": np.float64(space.regulariser),
        "calibration": np.array(astuple(space.calibration)),
        "kind": np.array(form.spaces[name]),
        "pseudo_users": pseudo.users,
        "pseudo_log_probabilities": pseudo.log_probabilities,
        "text_items": text_items,
    }


def _trials(
    ready: Ready, revealing: "Revealing", task: "RankingTask", base: ColdUpdateConfig
) -> "Iterator[Trial]":
    """Every pair of shares on validation."""
    from evaluation.warming import Trial

    for halves_at in HALVES_AT:
        for warm_at in WARM_AT:
            trial = Trial(dict(zip(TRIED, (halves_at, warm_at), strict=True)), 0.0)
            config = _fitting(_set_to(trial, base), ready)
            values = [
                _values(ready.space.users, revealing, ready.placed(revealing.positions(k), config), task)
                for k in STEPS[1:]
            ]
            yield replace(trial, value=float(np.mean([value["ndcg"].mean() for value in values])))


def _set_to(trial: "Trial", base: ColdUpdateConfig) -> ColdUpdateConfig:
    halves_at, warm_at = (trial.settings[name] for name in TRIED)
    return replace(base, pseudo_halves_at=halves_at, warm_at=warm_at)


def _figures(
    inputs: "Inputs", ready: Ready, revealing: "Revealing", task: "RankingTask", config: ColdUpdateConfig
) -> list[Any]:
    """Every method at every step at which it knows the items, those of one method after those of another."""
    from evaluation.warming import figures_of

    found: dict[str, list[Any]] = {method: [] for method in METHODS}
    for k in STEPS:
        values = {
            method: _values(users, revealing, rows, task)
            for method, (users, rows) in _scored(inputs, ready, revealing, k, config).items()
        }
        for method, one in values.items():
            found[method] += figures_of(method, k, one, first=values["default"])
    return [figure for method in found.values() for figure in method]


def _scored(
    inputs: "Inputs", ready: Ready, revealing: "Revealing", k: int, config: ColdUpdateConfig
) -> dict[str, tuple[Any, Any]]:
    """Users (U, F) and the items' rows (S, F), by method."""
    from models.coldstart.fold_in import FoldInConfig, fold_in_items

    config, space, positions = _fitting(config, ready), ready.space, revealing.positions(k)
    found = {
        "default": (space.users, ready.placed(positions, config)),
        "counted_alike": (space.users, ready.placed(positions, replace(config, pseudo_halves_at=ALIKE))),
        "pseudo_alone": (space.users, ready.placed(revealing.positions(0), config)),
    }
    if not k:
        return found
    fold = FoldInConfig(regulariser=space.regulariser)
    folded = fold_in_items(space.collaborative_users, None, real_pairs=positions, config=fold)
    vectors = inputs.vectors(ready.kind, config.seed, further=revealing.pairs(k))
    rows = vectors.item_table(inputs.snapshot.n_items)[revealing.items]
    return found | {
        "real_alone": (space.collaborative_users, folded),
        "retrained": (vectors.users, rows),
        "retrained_with_text": _beside_text(ready, vectors, rows, weight=config.warm_text_weight),
    }


def _beside_text(
    ready: Ready, vectors: "CollaborativeEmbeddings", rows: Any, *, weight: float
) -> tuple[Any, Any]:
    """Users and items as ``compose`` puts both parts side by side."""
    from models.coldstart.published_space import spread

    scale = spread(vectors.users, vectors.warm_items)[:, None]
    width = ready.text_items.shape[1]
    text_users = ready.space.users[:, ready.space.collaborative_size :][:, :width]
    users = np.concatenate([vectors.users / scale, text_users], axis=1)
    items = np.concatenate([rows, weight * ready.text_items], axis=1)
    return users.astype(np.float32), items.astype(np.float32)


def _values(users: Any, revealing: "Revealing", rows: Any, task: "RankingTask") -> Any:
    """Each judged user's figures, from the items' rows (S, F)."""
    from evaluation.scorer import FactorScorer
    from evaluation.warming import values_of

    table = np.zeros((task.n_items, rows.shape[1]), dtype=np.float32)
    table[revealing.items] = rows
    return values_of(FactorScorer(users, table), task)


def _fitting(config: ColdUpdateConfig, ready: Ready) -> ColdUpdateConfig:
    """Never more users per item than were simulated."""
    return replace(config, users_per_item=min(config.users_per_item, ready.pseudo.users_per_item))

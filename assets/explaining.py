"""Who would want a text, and which titles of their history say why."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assets.model_version import load_version
from assets.resources import RegistryResource

if TYPE_CHECKING:
    from data.store.store import Store


@dataclass(frozen=True)
class Audience:
    """The most probable users of one text: (user_id, probability, nearest titles of their history)."""

    text: str
    rows: list[tuple[str, float, list[str]]]


def audiences_of(
    store: "Store",
    registry: RegistryResource,
    version: int,
    texts: list[str],
    *,
    k: int,
    nearest: int,
    history: int,
) -> list[Audience]:
    """Ask a version for the audiences of texts.

    Args:
        store: Gives the users' histories.
        registry: Gives the version.
        version: Its number.
        texts: Not empty.
        k: Users per text.
        nearest: Titles shown per user.
        history: Newest items of a user among which the nearest are sought.

    Returns:
        One audience per text.

    Raises:
        ValueError: If ``k`` is above the number of users.
    """
    loaded = load_version(registry.open(), version, cache=registry.cache())
    top = loaded.model.simulate(texts, k=k)
    users = [str(user) for user in np.unique(np.asarray(loaded.users.ids, dtype=object)[top.users])]
    titles = store.newest_texts(users, limit=history)
    distinct = sorted({title for own in titles.values() for title in own})
    place = {title: row for row, title in enumerate(distinct)}
    vectors = _unit(loaded.model.encode(distinct)) if distinct else np.empty((0, 1), dtype=np.float32)
    found = []
    for text, users_of_text, logs in zip(texts, top.users, top.log_probabilities, strict=True):
        asked = _unit(loaded.model.encode([text]))[0]
        rows = []
        for user, log_probability in zip(loaded.users.ids_of(users_of_text), logs, strict=True):
            own = titles.get(str(user), [])
            near = sorted(own, key=lambda title: -float(vectors[place[title]] @ asked))[:nearest]
            rows.append((str(user), float(np.exp(log_probability)), near))
        found.append(Audience(text, rows))
    return found


def _unit(vectors: np.ndarray) -> np.ndarray:
    unit: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit

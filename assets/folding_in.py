"""Users outside the published vocabulary: folded into its space, and taken along when items are placed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assets.model_version import WARM_ITEMS, ModelVersion
from assets.version_in_force import require_place
from models.coldstart.published_space import PublishedSpace

if TYPE_CHECKING:
    from assets.registry import Registry
    from data.store.provisional import ProvisionalUsers, Strangers
    from data.store.store import Store
    from models.coldstart.new_users import NewUsers


@dataclass(frozen=True)
class FoldedIn:
    """What a fold-in did.

    Attributes:
        version: The version in whose space the users lie now.
        users: How many users were folded in.
        seconds_per_user: Mean time of the closed form.
    """

    version: int
    users: int
    seconds_per_user: float


def fold_in_waiting(store: "Store", registry: "Registry", version: int, *, cache: Path) -> FoldedIn:
    """Give every user outside a version's vocabulary a provisional vector from the items touched so far.

    Args:
        store: Gives the users and takes their vectors, in one transaction.
        registry: Gives the version's space; its language model is not read.
        version: The published version.
        cache: Folder for copies of remote files.

    Raises:
        RegistryError: If the version is unknown, damaged or not the one that is stored, or MLflow stays away.
        StoreError: If the database fails; nothing is written then.
    """
    import time

    waiting = store.users_to_fold_in(version)
    if not len(waiting):
        return FoldedIn(version, 0, 0.0)
    prepared, items = prepare(store, registry, version, cache=cache)
    started = time.perf_counter()
    found = by_items(prepared, items, waiting)
    seconds = time.perf_counter() - started
    store.add_provisional(version, found)
    return FoldedIn(version, len(found), seconds / len(found))


def fold_in_by_keywords(
    store: "Store", registry: "Registry", version: int, *, user_id: str, keywords: str, cache: Path
) -> bool:
    """Give a user who has touched nothing a provisional vector from a few words.

    Args:
        store: Gets the user, if he is new, and his vector.
        registry: Gives the version with its language model.
        version: The published version.
        user_id: External id.
        keywords: What he likes, in words.
        cache: Folder for copies of remote files.

    Returns:
        Whether the words were used: events say more, so a user with some is left to them.

    Raises:
        RegistryError: If the version is unknown or damaged, or MLflow stays away.
    """
    from assets.model_version import load_version
    from data.store.provisional import ProvisionalUsers
    from models.coldstart.new_users import NewUsers

    if store.ensure_user(user_id):
        return False
    loaded = load_version(registry, version, cache=cache)
    prepared = NewUsers.of(loaded.space, np.empty((0, loaded.space.d), dtype=np.float32))
    k = min(prepared.config.nearest, len(loaded.users))
    folded = prepared.from_similar(loaded.model.simulate([keywords], k=k))
    none = np.zeros(1, dtype=np.int64)
    store.add_provisional(
        version,
        ProvisionalUsers([user_id], none, [keywords], folded.collaborative_scale, folded.vectors),
    )
    return True


def prepare(
    store: "Store", registry: "Registry", version: int, *, cache: Path
) -> "tuple[NewUsers, dict[str, int]]":
    """The space of a version, ready to take in users, and the position of each of its items there."""
    from models.coldstart.new_users import NewUsers

    require_place(registry.version(version), store)
    files = registry.download(version, cache=cache)
    space = PublishedSpace.load(files.space)
    warm = json.loads((files.space / WARM_ITEMS).read_text(encoding="utf-8"))
    _, items = store.read_published(version)
    placed = np.flatnonzero(np.asarray(items.kinds, dtype=object) != "warm")
    names = [*warm, *np.asarray(items.item_ids, dtype=object)[placed].tolist()]
    return NewUsers.of(space, items.vectors[placed]), {item: at for at, item in enumerate(names)}


def by_items(prepared: "NewUsers", items: dict[str, int], waiting: "Strangers") -> "ProvisionalUsers":
    """Provisional vectors of users, from the items they have touched."""
    from data.store.provisional import ProvisionalUsers

    pairs = np.array([(user, items[item]) for user, item in waiting.pairs if item in items], dtype=np.int64)
    folded = prepared.from_items(pairs.reshape(-1, 2), n_users=len(waiting))
    return ProvisionalUsers(
        waiting.user_ids,
        waiting.n_events,
        [""] * len(waiting),
        folded.collaborative_scale,
        folded.vectors,
    )


def with_provisional(
    version: ModelVersion, store: "Store", *, users: Sequence[str] | None = None
) -> ModelVersion:
    """A version with its provisional users after its own, for placing items; itself where there are none.

    A token gets the length that known users' tokens have in the middle, and the bias that known users of as many
    events have on average. A space without a text part takes none along: their tokens are not known.

    Args:
        version: The version.
        store: Gives its provisional users.
        users: The vocabulary that the result shall have, as an earlier call gave it; all there are if left out.
    """
    found = store.read_provisional(version.version)
    if users is not None:
        found = found.only(list(users)[len(version.users) :])
    space = version.space
    if not len(found) or not space.has_text:
        return version
    told = space.text_columns
    lengths = np.linalg.norm(version.model.text_users(), axis=1)
    published = np.linalg.norm(space.users[:, told], axis=1)
    stretch = float(np.median(lengths[published > 0] / published[published > 0]))
    bias = _bias_of(version, store, found.n_events)
    tokens = np.ascontiguousarray(stretch * found.vectors[:, told], dtype=np.float32)
    return replace(
        version,
        users=version.users.grown(list(found.user_ids)),
        space=space.with_users(found.vectors, found.collaborative_scale),
        model=version.model.with_users(tokens, bias),
    )


def _bias_of(version: ModelVersion, store: "Store", n_events: np.ndarray) -> np.ndarray:
    """Bias (P,) float32 of users of so many events: a line through the known users' over log(1 + events)."""
    table = store.read_users()
    events = dict(zip(table.user_ids.tolist(), table.n_events.tolist(), strict=True))
    known = np.log1p([events.get(str(user), 0) for user in version.users.ids])
    bias = version.model.user_factors()[:, -2].astype(np.float64)
    spread = float(known.var())
    slope = float(((known - known.mean()) * (bias - bias.mean())).mean()) / spread if spread > 0 else 0.0
    new = bias.mean() + slope * (np.log1p(n_events) - known.mean())
    found: np.ndarray = new.clip(bias.min(), bias.max()).astype(np.float32)
    return found

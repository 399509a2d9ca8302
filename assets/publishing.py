"""The switch: the store's publication row is the truth, written in one transaction; the alias follows."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assets.item_distributions import ItemDistributions
from assets.model_version import ModelVersion
from assets.placed_items import PlacedItems
from assets.version_in_force import is_stored, require_place
from data.item_texts import text_hash

if TYPE_CHECKING:
    from assets.registry import RegisteredVersion, Registry
    from data.store.publication import ModelVersion as StoredVersion
    from data.store.store import Store
    from data.store.vectors import Audiences, ItemVectors


@dataclass(frozen=True)
class Published:
    """What a publication did.

    Attributes:
        version: The version that was placed with.
        switched: Whether it is published now and was not before.
        items_added: Items that got a vector.
        warning: Why it is not published, or why the champion alias could not follow yet; empty if all is well.
    """

    version: int
    switched: bool
    items_added: int
    warning: str


def publish(
    store: "Store",
    registry: "Registry",
    version: ModelVersion,
    *,
    placed: PlacedItems,
    answers: ItemDistributions,
) -> Published:
    """Publish a version that is due, or add newly placed items to one whose vectors are stored already.

    Due is a version that the gate or a person has accepted and that was not published since. Any other one keeps
    its place: a rollback while its items were placed stands. A version that was published before keeps what it
    placed then: only what waits for it is added. The alias is moved after the transaction. If MLflow is lost by
    then, the publication stands; ``coldcast status`` shows the difference and repairs it.

    Raises:
        NotDue: If the version is not due and its vectors are not stored; nothing is changed then.
        StoreError: If the database fails; nothing is changed then.
    """
    from assets.registry import DUE, OVERRULED

    registered = registry.version(version.version)
    require_place(registered, store)
    current = store.current_publication()
    published = current is not None and current.version == version.version
    due = registered.decision in DUE
    switched = due and not published
    forced = registered.decision == OVERRULED
    if is_stored(store, registered):
        store.add_placements(version.version, item_vectors(placed), audiences(placed, answers))
        if switched:
            store.switch_publication(version.version, reason=registered.reason, forced=forced)
    else:
        stored = stored_version(store, version, placed=placed, answers=answers)
        store.publish(stored, reason=registered.reason, forced=forced)
    warning = ""
    if (
        due
    ):  # even if nothing was switched: a mark left behind would publish this version again after the next
        warning = _follow(registry, registered)
    elif current is not None and not published:
        warning = (
            f"version {current.version} stays published; items were added to version {version.version}, which is "
            f"not to be published (decision: {registered.decision or 'none'})"
        )
    return Published(version.version, switched, len(placed), warning)


def _follow(registry: "Registry", published: "RegisteredVersion") -> str:
    """Note that a version is published and let the alias follow; returns why it could not, or nothing."""
    from assets.registry import OVERRULED, RegistryError

    decision = "forced" if published.decision == OVERRULED else "promoted"
    try:
        registry.promote(published.version, published.reason, decision=decision)
    except RegistryError as error:
        return f"version {published.version} is published, but the alias could not follow: {error}"
    return ""


def stored_version(
    store: "Store", version: ModelVersion, *, placed: PlacedItems, answers: ItemDistributions
) -> "StoredVersion":
    """A version as the store takes it: users, warm items and placed items with their audiences."""
    from data.store.publication import ModelVersion as StoredVersion
    from data.store.vectors import ItemVectors, UserVectors

    table = store.read_items()
    hashes = dict(zip(table.item_ids.tolist(), table.text_hashes.tolist(), strict=True))
    counts = dict(zip(table.item_ids.tolist(), table.n_events.tolist(), strict=True))
    warm = list(version.warm_items.ids)
    unknown = text_hash("")
    items = ItemVectors(
        item_ids=[*warm, *placed.item_ids],
        kinds=["warm"] * len(warm) + placed.kinds,
        text_hashes=[hashes.get(item, unknown) for item in warm] + placed.text_hashes,
        vectors=np.concatenate([version.space.warm_items, placed.vectors]),
        n_events=[counts.get(item, 0) for item in warm] + placed.n_events,
    )
    return StoredVersion(
        version=version.version,
        snapshot_key=version.snapshot_key,
        content_hash=version.content_hash,
        users=UserVectors(list(version.users.ids), version.space.users),
        items=items,
        audiences=audiences(placed, answers),
    )


def item_vectors(placed: PlacedItems) -> "ItemVectors":
    """Placed items as the store takes them."""
    from data.store.vectors import ItemVectors

    return ItemVectors(placed.item_ids, placed.kinds, placed.text_hashes, placed.vectors, placed.n_events)


def audiences(placed: PlacedItems, answers: ItemDistributions) -> "Audiences":
    """The audiences of the placed items that were asked for one."""
    from data.store.vectors import Audiences

    has_vector = set(placed.item_ids)
    rows = np.array([row for row, item in enumerate(answers.item_ids) if item in has_vector], dtype=np.int64)
    users = np.array(answers.user_ids, dtype=object)
    return Audiences(
        item_ids=[answers.item_ids[row] for row in rows],
        user_ids=users[answers.top.users[rows]],
        log_probabilities=answers.top.log_probabilities[rows],
    )

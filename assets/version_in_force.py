"""The version that places items now: one just accepted and not yet published, else the published one."""

from typing import TYPE_CHECKING

from assets.registry_errors import NotDue

if TYPE_CHECKING:
    from assets.registry import RegisteredVersion, Registry
    from data.store.store import Store


def version_in_force(registry: "Registry", store: "Store") -> int | None:
    """Find the version; None before the first promotion.

    Raises:
        RegistryUnavailable: If MLflow stays away.
    """
    accepted = registry.accepted()
    if accepted is not None:
        return accepted.version
    published = store.current_publication()
    return None if published is None else published.version


def version_to_place(registry: "Registry", store: "Store", *, asked: int | None) -> int | None:
    """The version that was asked for, else the one in force; None before the first promotion.

    Raises:
        NotDue: If the version asked for has no vectors in the store and is not to be published.
        UnknownVersion: If there is no such version.
        RegistryUnavailable: If MLflow stays away.
    """
    if asked is None:
        return version_in_force(registry, store)
    require_place(registry.version(asked), store)
    return asked


def require_place(registered: "RegisteredVersion", store: "Store") -> None:
    """Make sure that a version's placements have a place to go: its vectors are stored, or it is to be published.

    Raises:
        NotDue: If neither holds.
    """
    from assets.registry import DUE

    number = registered.version
    if registered.decision in DUE or is_stored(store, registered):
        return
    raise NotDue(
        f"version {number} is not to be published (decision: {registered.decision or 'none'}) and has no vectors "
        f"in the store that items could join; `coldcast promote --force {number}` publishes it"
    )


def is_stored(store: "Store", registered: "RegisteredVersion") -> bool:
    """Whether the store holds a version's vectors, published or not.

    Another MLflow counts from 1 again, so the same number may stand for another version; its snapshot tells.
    """
    same = (registered.version, registered.snapshot_key)
    return any((row.version, row.snapshot_key) == same for row in store.model_versions())

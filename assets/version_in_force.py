"""The version that places items now: one just accepted and not yet published, else the published one."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assets.registry import Registry
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

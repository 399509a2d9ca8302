"""The champion alias and the publication: which of the two has moved, and what follows from it.

The database says what is published, and the alias follows. Whoever moves the alias in MLflow asks for that version to
be published: it is, whole, or the alias goes back with a reason. What tells the two apart is whether the alias has
agreed with the present publication before; that is written down in the home.
"""

import contextlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from assets.registry_errors import RegistryError
from data.home import Home
from data.store.store import Store

if TYPE_CHECKING:
    from assets.registry import Registry
    from data.store.publication import Publication

AGREED = "champion.json"


@dataclass(frozen=True)
class AliasState:
    """How the alias stands to the publication.

    Attributes:
        kind: ``agrees``; ``behind`` the publication, which it has to follow; or ``moved`` by a human.
        version: The version the alias names, None if there is no alias.
        told: The difference in words, empty if there is none.
    """

    kind: Literal["agrees", "behind", "moved"]
    version: int | None
    told: str


def alias_state(home: Home, registry: "Registry", published: "Publication") -> AliasState:
    """Compare the alias with the publication, and write down where they agree.

    Raises:
        RegistryUnavailable: If MLflow stays away.
    """
    told = registry.difference(published.version) or ""
    if not told:
        _write_down(home, published)
        return AliasState("agrees", published.version, "")
    champion = registry.champion()
    moved = champion is not None and _agreed(home) == _name(published)
    return AliasState("moved" if moved else "behind", champion.version if champion else None, told)


def alias_now(home: Home, registry: "Registry", published: "Publication") -> AliasState | None:
    """As :func:`alias_state`; None if a run has published meanwhile, which moves the alias itself.

    Raises:
        RegistryUnavailable: If MLflow stays away.
    """
    state = alias_state(home, registry, published)
    return state if _published(home) == published else None  # read after the alias, which moves last


def catch_up(home: Home, registry: "Registry") -> None:
    """Let an alias follow that was left behind, for instance by a kill, and write down that it agrees.

    So a later move is known for a human's. While MLflow is away nothing happens; ``coldcast status`` makes up for it.
    """
    published = _published(home)
    if published is None:
        return
    with contextlib.suppress(RegistryError):
        state = alias_now(home, registry, published)
        if state is not None and state.kind == "behind":
            registry.repair(published.version)
            alias_state(home, registry, published)


def _published(home: Home) -> "Publication | None":
    with Store.open(home.database_url) as store:
        return store.current_publication()


def _name(published: "Publication") -> list[int]:
    return [published.version, published.published_at]


def _agreed(home: Home) -> list[int] | None:
    """The publication that the alias was seen to agree with last; None if there is none, or its file is damaged."""
    try:
        found: list[int] = json.loads((home.root / AGREED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def _write_down(home: Home, published: "Publication") -> None:
    if _agreed(home) == _name(published):
        return
    writing = home.root / f".{AGREED}.{os.getpid()}"
    writing.write_text(json.dumps(_name(published)), encoding="utf-8")
    writing.replace(home.root / AGREED)

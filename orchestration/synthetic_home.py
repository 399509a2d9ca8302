"""A home of a synthetic world: one world, and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager

from data.errors import InputError
from data.home import Home
from data.readers.synthetic import WORLD_FILE, SyntheticWorld, WorldSize
from data.store.store import Store


def make_world(users: int, items: int, *, n_interactions: int, seed: int) -> SyntheticWorld:
    """Make the world that a command asks for; see :class:`WorldSize` for the arguments.

    Raises:
        InputError: If there can be no such world; says which value is out of which range.
    """
    try:
        size = WorldSize(users, items, n_interactions=n_interactions, seed=seed)
    except ValueError as error:
        raise InputError(f"there is no such world: {error}") from None
    return SyntheticWorld(size)


def require_own(home: Home, store: Store, world: SyntheticWorld, *, instead: str) -> None:
    """Refuse a home of real users, or of another world: the two would be mixed, and the right answer be none.

    Args:
        home: The home.
        store: Its store, open.
        world: What is about to be imported.
        instead: A command that works.

    Raises:
        InputError: Naming the home and the command.
    """
    counts = store.counts()
    if not counts["users"] and not counts["items"]:
        return
    remedy = f"Remedy: give it a state folder of its own, `{instead}`"
    if not SyntheticWorld.is_in(home.root):
        raise InputError(
            f"{home.root} holds other data, which a synthetic world must not be mixed with. {remedy}"
        )
    held = SyntheticWorld.load_size(home.root)
    if held != world.size:
        raise InputError(
            f"{home.root} holds another synthetic world ({_spoken(held)}) than the one asked for "
            f"({_spoken(world.size)}), and two must not be mixed. {remedy}"
        )


@contextmanager
def kept(home: Home, world: SyntheticWorld) -> Iterator[None]:
    """Write down which world the home is of, before it is imported: killed in between, the same command goes on.

    An import that fails leaves no word of a world that was not there before.
    """
    known = SyntheticWorld.is_in(home.root)
    world.save(home.root)
    try:
        yield
    except BaseException:
        if not known:
            (home.root / WORLD_FILE).unlink(missing_ok=True)
        raise


def _spoken(size: WorldSize) -> str:
    counts = f"{size.n_users:,} users, {size.n_items:,} items, about {size.n_interactions:,} interactions"
    return f"{counts}, seed {size.seed}"

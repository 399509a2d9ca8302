"""Fold users in from the command line."""

from rich.console import Console

from assets.resources import RegistryResource
from data.errors import InputError
from data.home import Home
from data.readers.checks import ID_LIMIT
from data.store.store import Store
from orchestration.environments import use_home
from orchestration.launch import close_dead_runs, run_job
from orchestration.placing import NOTHING_PUBLISHED
from orchestration.settings import Settings


def fold_in_users(home: Home, *, console: Console) -> None:
    """Run the fold-in job and say what came of it.

    Raises:
        InputError: If nothing is published yet, or the home's settings are wrong.
        JobFailed: If the station fails.
    """
    use_home(home)
    with Store.open(home.database_url) as store:
        version = _published(store)
        waiting = store.count_users_to_fold_in(version)
    if not waiting:
        close_dead_runs(home)
        console.print(f"every user with interactions has a vector of version {version}")
        return
    run_config = Settings.read(home).run_config(only=())
    run_job(home, "fold_in", run_config=run_config, tags={"coldcast/trigger": "command line"})
    console.print(f"{waiting:,} users were folded into version {version}; the next retrain replaces them")


def fold_in_one(home: Home, user_id: str, keywords: str, *, console: Console) -> None:
    """Fold in one user by words alone.

    Raises:
        InputError: If the id or the words are empty, the id is one that no import takes, nothing is published, or the
            user is known or has interactions already.
    """
    from assets.folding_in import fold_in_by_keywords

    for name, value in (("--user", user_id), ("--keywords", keywords)):
        if not value.strip():
            raise InputError(f"{name} is empty")
    if len(user_id) > ID_LIMIT:
        raise InputError(
            f"--user has {len(user_id)} characters, and imports refuse ids of more than {ID_LIMIT}"
        )
    registry = RegistryResource(home=str(use_home(home).root))
    with Store.open(home.database_url) as store:
        version = _published(store)
        used = fold_in_by_keywords(
            store, registry.open(), version, user_id=user_id, keywords=keywords, cache=registry.cache()
        )
    if not used:
        raise InputError(
            f"user {user_id!r} has interactions, which say more than words; run `coldcast fold-in` without --user"
        )
    console.print(f"user {user_id!r} was folded into version {version} by {keywords!r}")


def _published(store: Store) -> int:
    published = store.current_publication()
    if published is None:
        raise InputError(NOTHING_PUBLISHED)
    return published.version

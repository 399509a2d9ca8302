"""Overrule the gate, go back, and clear away: each recorded, each leaving one consistent version."""

import contextlib
import logging
import shutil
import time

from rich.console import Console

from assets.registry_errors import RegistryError
from assets.resources import RegistryResource
from assets.run_lock import require_free
from data.errors import InputError
from data.home import Home
from data.store.store import Store
from orchestration.champion_alias import catch_up
from orchestration.environments import use_home
from orchestration.jobs import TRAINING
from orchestration.launch import run_job
from orchestration.requests import TRIGGER_TAG
from orchestration.settings import Settings
from orchestration.unpublished import way_out

logger = logging.getLogger(__name__)


def promote_version(home: Home, version: int, *, force: bool, reason: str, console: Console) -> None:
    """Publish a registered version that the gate held, or, by force, any; places what it has not placed yet.

    Raises:
        InputError: Without force, if the version is not held for a human.
        RegistryError: If the version does not exist.
        JobFailed: If placement fails; what was published stays.
        HomeBusy: If a job holds the home; nothing is accepted then.
    """
    from assets.registry import ACCEPTED, HELD, OVERRULED

    require_free(use_home(home))
    registry = RegistryResource(home=str(home.root)).open()
    decision = registry.version(version).decision
    if not force and decision != HELD:
        raise InputError(
            f"version {version} does not wait for a human (decision: {decision or 'none'}); "
            f"`coldcast promote --force {version}` overrules the gate"
        )
    done = "forced" if force else "released"
    registry.accept(version, reason or f"{done} by hand", decision=OVERRULED if force else ACCEPTED)
    settings = Settings.read(home).with_values("distributions", version=version)
    run_config = settings.run_config(only=("distributions", "placement"))
    run_job(home, "place_cold_items", run_config=run_config, tags={TRIGGER_TAG: "command line"})
    catch_up(home, registry)
    console.print(f"version {version} is published ({done}: {reason or 'no reason given'})")


def roll_back(home: Home, *, reason: str, console: Console) -> None:
    """Publish the version before the present one again; its vectors are still stored, so this is one switch.

    Raises:
        InputError: If nothing is published, or there is no earlier version.
    """
    registry = RegistryResource(home=str(use_home(home).root)).open()
    with Store.open(home.database_url) as store:
        if store.current_publication() is None:
            raise InputError(f"nothing is published, so there is nothing to roll back; {way_out(home)}")
        with contextlib.suppress(RegistryError):
            registry.champion()  # MLflow's packages take seconds to load, which are no part of the switch
        began = time.perf_counter()
        try:
            publication = store.rollback_publication(reason=reason or "rolled back by hand")
        except ValueError as error:
            raise InputError(str(error)) from None
        switched = time.perf_counter()
        past = store.publication_log()
    left = next(entry.previous_version for entry in reversed(past) if entry.action == "rollback")
    console.print(f"version {publication.version} is published again")
    try:
        registry.follow_rollback(publication.version, reason or "rolled back by hand", left=left)
    except RegistryError as error:  # the publication stands
        console.print(f"the champion alias could not follow, `coldcast status` repairs it: {error}")
        return
    ended = time.perf_counter()
    parts = f"transaction {switched - began:.3f} s, alias {ended - switched:.3f} s"
    told = f"the switch took {ended - began:.3f} s: {parts}"
    logger.info("rollback to version %d: %s", publication.version, told)
    console.print(told)
    catch_up(home, registry)


def prune_home(home: Home, *, keep: int, console: Console) -> None:
    """Delete artefacts of old snapshots and old versions; the published version and the one before it stay.

    A version whose vectors stay can be published again, so its model stays with them.
    """
    resource = RegistryResource(home=str(use_home(home).root))
    registry, copies = resource.open(), list(resource.cache().glob("m-*"))
    with Store.open(home.database_url) as store:
        vectors = store.prune(keep)
        stored = [row.version for row in store.model_versions()]
        snapshots = [row.key for row in store.snapshots()]
    versions = registry.prune(keep, protect=stored)
    models = {one.model_id for one in registry.versions()}
    for copy in copies:
        if copy.name not in models:
            shutil.rmtree(copy)
    kept = {one.snapshot_key for one in registry.versions()} | set(snapshots[-keep:])
    folders = 0
    for station in TRAINING:
        for folder in (home.artifacts / station).glob("*"):
            if folder.name not in kept and not folder.name.startswith("."):
                shutil.rmtree(folder)
                folders += 1
    console.print(
        f"deleted {len(versions)} registered versions, the vectors of {len(vectors)} versions, {folders} artefacts; "
        f"kept snapshots {', '.join(sorted(kept)) or 'none'}"
    )

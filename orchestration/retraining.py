"""Plan a snapshot, find out what is already done for it, and run the rest."""

from dataclasses import dataclass

from rich.console import Console

from assets.ended_runs import WAIT_SECONDS
from assets.extension import EXTENDS
from assets.promotion_decision import PromotionDecision
from assets.resources import RegistryResource
from assets.run_lock import require_free
from assets.station_record import StationRecord
from data.errors import InputError
from data.home import Home
from data.snapshot_plan import SnapshotPlan, plan_snapshot
from data.store.store import Store
from orchestration.artifact_folder import ArtifactError, check_artifact
from orchestration.champion_alias import catch_up
from orchestration.definitions import definitions
from orchestration.environments import use_home
from orchestration.history import history
from orchestration.jobs import PARTITIONS, PLACEMENT, TRAINING
from orchestration.launch import close_dead_runs, run_job
from orchestration.passed_checks import unsound
from orchestration.report_text import ReportText
from orchestration.requests import DATA_TAG, TRIGGER_TAG
from orchestration.settings import STATIONS, Settings
from orchestration.unpublished import way_out

JUDGED_BY = ("evaluation", "placement")  # settings that a judgment looks at
JUDGING = "evaluation_report"


@dataclass(frozen=True)
class Request:
    """What a retrain will do.

    Attributes:
        plan: The snapshot it is about.
        stations: The stations to run, in order; empty when there is nothing to do.
        reason: Why, in one sentence.
    """

    plan: SnapshotPlan
    stations: tuple[str, ...]
    reason: str


def plan_retrain(home: Home, settings: Settings, *, force: bool = False) -> Request:
    """Decide which snapshot the next retrain is about and which of its stations are still to run.

    A snapshot with the content of the newest one is not made twice: a finished one leaves nothing to do, an
    unfinished one is continued at its first station without a whole artefact of the same settings.

    Args:
        home: The home.
        settings: Split and stations' settings.
        force: Make a new snapshot even of unchanged content.

    Returns:
        The request.

    Raises:
        InputError: If the store is empty or cannot be split, or more users per item are asked for than there are.
    """
    with Store.open(home.create().database_url) as store:
        settings.require_users(store.counts()["users"])
        plan = plan_snapshot(store, settings.split(), again=force)
    if plan.is_new:
        return Request(plan, TRAINING + PLACEMENT, f"new content {plan.content_hash[:12]}")
    missing = first_missing(home, plan.key, settings)
    if missing is None and unpublished(home, plan.key):
        return Request(
            plan, PLACEMENT, f"snapshot {plan.key}: its version was accepted and is not published yet"
        )
    if missing is None:
        return Request(plan, (), _nothing_to_do(home, plan))
    station, why = missing
    rest = TRAINING[TRAINING.index(station) :] + PLACEMENT
    return Request(plan, rest, f"continuing snapshot {plan.key} at {station}: {why}")


def _nothing_to_do(home: Home, plan: SnapshotPlan) -> str:
    with Store.open(home.database_url) as store:
        hint = "" if store.current_publication() else f"{way_out(home)}; "
    return (
        f"no new data since snapshot {plan.key} (content {plan.content_hash[:12]}); {hint}"
        "`coldcast retrain --force` trains on it anyway"
    )


def unpublished(home: Home, key: str) -> bool:
    """Whether the version of a snapshot was accepted and has never been published."""
    decision = PromotionDecision.load(home.artifacts / "promotion" / key)
    if not decision.promote:
        return False
    with Store.open(home.database_url) as store:
        return decision.version not in {entry.version for entry in store.publication_log()}


def first_missing(home: Home, key: str, settings: Settings) -> tuple[str, str] | None:
    """The first training station of a snapshot that must run, and why; None if all are done.

    A station must run if its artefact is missing or damaged, did not pass its blocking checks, was made with other
    settings, or is older than the artefact of the station before it. The report is no reason for that: it may be
    made again by itself. Where something is missing, nothing is kept that goes on from another version, or from one
    where this retrain starts over; a snapshot that is done is done, however it was reached.
    """
    missing = _first_unusable(home, key, settings)
    return missing and (_other_base(home, key, settings, until=missing[0]) or missing)


def _first_unusable(home: Home, key: str, settings: Settings) -> tuple[str, str] | None:
    with history(home) as instance:
        before: StationRecord | None = None
        for station in TRAINING:
            folder = home.artifacts / station / key
            try:
                check_artifact(folder)
            except ArtifactError as error:
                return station, str(error).partition("; ")[0]  # without the way out: it is being taken
            record = StationRecord.load(folder)
            if before is not None and record.started < before.ended:
                return station, f"it was made before {before.station} was made again"
            reason = _changed_setting(record, settings) or unsound(
                instance, definitions, station=station, partition=key, since=record.ended
            )
            if reason:
                return station, reason
            before = before if station == JUDGING else record
    return None


def _other_base(home: Home, key: str, settings: Settings, *, until: str) -> tuple[str, str] | None:
    """The first station before another one that went on from another version than this retrain does, and from which."""
    now = settings.effective()["extension"]["version"]
    for station in TRAINING[: TRAINING.index(until)]:
        then = StationRecord.load(home.artifacts / station / key).parameters.get(EXTENDS, now)
        if then != now:
            return station, f"extension.version is {now!r} now and was {then!r}"
    return None


def _changed_setting(record: StationRecord, settings: Settings) -> str | None:
    made_by = {name: op for name, (op, _) in STATIONS.items()} | {"placement": "published_space"}
    section = next((name for name, op in made_by.items() if op == record.station), None)
    if section is None or record.station == JUDGING:
        return None
    then, now = record.parameters, settings.effective()[section]
    for field, value in now.items():
        if then.get(field) != value:
            return f"{section}.{field} is {value!r} now and was {then.get(field)!r}"
    return None


def retrain_home(home: Home, settings: Settings, *, console: Console, force: bool) -> None:
    """Retrain as far as there is something to do, and print what came of it.

    Raises:
        InputError: As :func:`plan_retrain`.
        JobFailed: If a station fails.
        HomeBusy: If another job holds the home; nothing was planned then.
    """
    require_free(home.create())
    request = plan_retrain(use_home(home), settings, force=force)
    console.print(request.reason)
    if not request.stations:
        close_dead_runs(home)
        catch_up(home, RegistryResource(home=str(home.root)).open(retry_seconds=WAIT_SECONDS))
        return
    tags = request_tags(request, trigger="command line")
    if request.stations == PLACEMENT:
        sections = ("distributions", "placement")
        run_job(home, "place_cold_items", run_config=settings.run_config(only=sections), tags=tags)
    else:
        add_partition(home, request.plan.key)
        run_job(
            home,
            "extend" if settings.effective()["extension"]["version"] else "retrain",
            run_config=settings.run_config(),
            partition=request.plan.key,
            assets=request.stations,
            tags=tags,
        )
    _print_outcome(home, request.plan.key, console)


def request_tags(request: Request, *, trigger: str) -> dict[str, str]:
    """Tags by which sensors recognise an earlier run for the same data."""
    return {DATA_TAG: request.plan.key, TRIGGER_TAG: trigger, "purpose": "retrain"}


def add_partition(home: Home, key: str) -> None:
    """Make the snapshot's partition known to Dagster."""
    with history(home) as instance:
        instance.add_dynamic_partitions(PARTITIONS, [key])


def evaluate_home(home: Home, settings: Settings, *, snapshot: str | None, console: Console) -> None:
    """Judge a snapshot's models again and print the report.

    Raises:
        InputError: If there is no such snapshot, or none with trained models.
        JobFailed: If the station fails, for instance because an artefact is missing.
    """
    use_home(home)
    key = snapshot or _newest_trained(home)
    with Store.open(home.database_url) as store:
        known = [row.key for row in store.snapshots()]
    if key not in known:
        raise InputError(f"there is no snapshot {key!r}; snapshots are {', '.join(known) or 'none yet'}")
    add_partition(home, key)
    run_job(home, "evaluate", run_config=settings.run_config(only=JUDGED_BY), partition=key)
    folder = home.artifacts / "evaluation_report" / key
    console.print(ReportText((folder / "report.md").read_text(encoding="utf-8")))
    console.print(f"page: {folder / 'report.html'}", soft_wrap=True)


def _newest_trained(home: Home) -> str:
    folder = home.artifacts / "user_vocabulary_checkpoint"
    keys = sorted(p.name for p in folder.iterdir() if not p.name.startswith(".")) if folder.exists() else []
    if not keys:
        raise InputError(f"there is no trained model in {home.root}; run `coldcast retrain` first")
    return keys[-1]


def _print_outcome(home: Home, key: str, console: Console) -> None:
    from orchestration.status import print_status

    decision = PromotionDecision.load(home.artifacts / "promotion" / key)
    console.print(f"version {decision.version}: {decision.outcome}: {decision.reason}")
    print_status(home, console)
    console.print("seconds per station: " + ", ".join(_seconds(home, key)))
    console.print(f"report: {home.artifacts / 'evaluation_report' / key / 'report.html'}", soft_wrap=True)


def _seconds(home: Home, key: str) -> list[str]:
    """How long each training station worked, in words."""
    folders = [(station, home.artifacts / station / key) for station in TRAINING]
    return [f"{station} {StationRecord.load(folder).seconds:.0f}" for station, folder in folders]

"""A run whose process was killed cannot say so; whoever comes next says it, or it would hold its place for ever."""

import os
import socket

import dagster as dg

PROCESS_TAG = "coldcast/process"
KILLED_TAG = "coldcast/killed"
BEGUN = (  # a run is entered a moment before it starts, and can be struck in between
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)
BOOTING = BEGUN[:2]
CLOCK_SECONDS = 2.0  # a process's birth is told by the clock, which may be set in between


def this_process() -> str:
    """Name this process, so that another one which gets its number later is not taken for it."""
    return _name(os.getpid())


def sign(instance: dg.DagsterInstance, run_id: str) -> None:
    """Name this process as the one that works for a run, so that its death can be told from a long work.

    A process that lives and is named already stays named: it has started this one for a single station, and the run
    goes on when this one has ended.

    Args:
        instance: Dagster's history.
        run_id: The run.
    """
    run = instance.get_run_by_id(run_id)
    if run is None or not _is_alive(run.tags.get(PROCESS_TAG, "")):
        instance.add_run_tags(run_id, {PROCESS_TAG: this_process()})


def report_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark every run as failed whose process on this machine is gone.

    Args:
        instance: Dagster's history.

    Returns:
        The ids of these runs.
    """
    begun = dg.RunsFilter(statuses=list(BEGUN))
    dead = [run for run in instance.get_runs(begun) if _is_signed(run) and _is_dead(run.tags[PROCESS_TAG])]
    for run in dead:
        instance.add_run_tags(run.run_id, {KILLED_TAG: "true"})
        instance.report_run_failed(run, "the process of this run was killed; what it had finished is kept")
    return [run.run_id for run in dead]


def _is_signed(run: dg.DagsterRun) -> bool:
    """Whether the process that a run names is its own: before it starts, a re-execution has its parent's tags."""
    inherited = run.parent_run_id is not None and run.status in BOOTING
    return PROCESS_TAG in run.tags and not inherited


def _is_dead(name: str) -> bool:
    """Whether a process of this machine is gone; of one elsewhere, or without a name, nothing is known."""
    return _is_of_this_machine(name) and not _is_alive(name)


def _is_alive(name: str) -> bool:
    """Whether a process of this machine still works."""
    number, _, born = name.rpartition("/")[2].partition("@")
    return _is_of_this_machine(name) and _lives(int(number), float(born))


def _is_of_this_machine(name: str) -> bool:
    return name.rpartition("/")[0] == socket.gethostname()


def _lives(number: int, born: float) -> bool:
    """Whether the process that was born then still works; one that nobody has buried yet does not."""
    import psutil

    try:
        process = psutil.Process(number)
        same = abs(process.create_time() - born) <= CLOCK_SECONDS
        return bool(same and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _name(number: int) -> str:
    import psutil

    return f"{socket.gethostname()}/{number}@{psutil.Process(number).create_time():.0f}"

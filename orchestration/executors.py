"""How a job's stations run: one after another in one process, or each in a process of its own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import dagster as dg

from assets.run_lock import held_for_run
from data.home import Home

IN_PROCESS, MULTIPROCESS = "in_process", "multiprocess"


@dataclass(frozen=True)
class ExecutionChoice:
    """The executor of every job of a home.

    Attributes:
        executor: ``in_process`` pays for imports once; ``multiprocess`` gives each station, and each check, a
            process of its own and with it the whole memory back.
        max_concurrent: Processes of a multiprocess run at a time, >= 1; None: as many as there are cores.
    """

    executor: Literal["in_process", "multiprocess"] = "in_process"
    max_concurrent: int | None = None

    def __post_init__(self) -> None:
        if self.max_concurrent is not None and self.max_concurrent < 1:
            raise ValueError(f"max_concurrent must be at least 1, got {self.max_concurrent}")

    def run_config(self) -> dict[str, Any]:
        """What stands under ``execution`` in Dagster's run config."""
        own: dict[str, Any] = {}
        if self.executor == MULTIPROCESS and self.max_concurrent is not None:
            own["max_concurrent"] = self.max_concurrent
        return {"config": {self.executor: own}}


def is_multiprocess(run_config: Mapping[str, Any]) -> bool:
    """Whether a run config asks for more than one process."""
    return MULTIPROCESS in run_config.get("execution", {}).get("config", {})


class HoldsTheHome(dg.Executor):
    """Holds the home's lock around all the processes that another executor starts.

    Args:
        inner: Starts them.
        wait_seconds: How long a run waits for another one in the same home.
    """

    def __init__(self, inner: dg.Executor, wait_seconds: float) -> None:
        self._inner = inner
        self._wait_seconds = wait_seconds

    @property
    def retries(self) -> Any:
        """As the inner executor has them."""
        return self._inner.retries

    @property
    def step_dependency_config(self) -> Any:
        """As the inner executor has it."""
        return self._inner.step_dependency_config

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[dg.DagsterEvent]:
        """Run the plan; the lock is free again when its last process has ended.

        Raises:
            HomeBusy: If another job still holds the home after the waiting time.
        """
        home = Home.resolve().create()
        with held_for_run(home, plan_context.instance, plan_context.run_id, wait_seconds=self._wait_seconds):
            yield from self._inner.execute(plan_context, execution_plan)


def one_or_many_processes(*, lock_wait_seconds: float) -> dg.ExecutorDefinition:
    """Dagster's own choice between two executors, by its own run config; one process unless told otherwise.

    Args:
        lock_wait_seconds: How long a run of many processes waits for another one in the same home. In a run of
            one process the resource ``run_lock`` does that.
    """
    choice = dg.multi_or_in_process_executor

    def create(context: dg.InitExecutorContext) -> dg.Executor:
        assert choice.executor_creation_fn is not None
        inner = choice.executor_creation_fn(context)
        return HoldsTheHome(inner, lock_wait_seconds) if MULTIPROCESS in context.executor_config else inner

    fields = {
        IN_PROCESS: dg.in_process_executor.config_schema.as_field(),
        MULTIPROCESS: dg.multiprocess_executor.config_schema.as_field(),
    }
    return dg.ExecutorDefinition(
        name="one_or_many_processes",
        config_schema=dg.Field(dg.Selector(fields), default_value={IN_PROCESS: {}}),  # type: ignore[no-untyped-call]
        requirements=choice.get_requirements,
        executor_creation_fn=create,
        description="Every station in one process, or each in a process of its own.",
    )

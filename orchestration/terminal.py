"""Progress bars with rate and time left, drawn from what the stations report."""

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column
from rich.text import Text


def plain_console(*, stderr: bool = False) -> Console:
    """A console that prints ids and titles as they are: brackets are no markup, ``:100:`` is no emoji.

    Args:
        stderr: Write to standard error, as bars do.
    """
    return Console(stderr=stderr, markup=False, emoji=False)


class RateColumn(ProgressColumn):
    """Steps per second."""

    def render(self, task: Task) -> Text:
        """The current rate, or a dash before the first step."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.1f}/s" if speed else "-", style="progress.data.speed")


class Bars:
    """One bar per station; use as a context manager and pass ``update`` as the listener.

    In a narrow terminal the bar gives way first, then the note goes on in the next line; figures stay whole.
    """

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=28 if console.width > 110 else 8),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            RateColumn(table_column=Column(no_wrap=True)),
            TimeElapsedColumn(table_column=Column(no_wrap=True)),
            TextColumn("left"),
            TimeRemainingColumn(table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[note]}", markup=False, table_column=Column(overflow="fold")),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}

    def update(self, station: str, done: int, total: int, note: str) -> None:
        """Move a station's bar; the first report of a station adds it."""
        if station not in self._tasks:
            self._tasks[station] = self._progress.add_task(station, total=total, note=note)
        self._progress.update(self._tasks[station], completed=done, total=total, note=note)

    def __enter__(self) -> "Bars":
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

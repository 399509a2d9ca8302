"""Strikes commands at random moments, drawn by the clock or by what they have written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tests.faults.chaos_replay import Event, Step
from tests.faults.invariants import Keepsake, Life
from tests.faults.runs import Run, Starter

TWICE = 0.25  # share of the kills after which the next run is killed, too, before one may come to its end
RELATIVE = (
    "rollback",
)  # goes one back from wherever it is: struck twice behind its switch, it runs out of versions
MISSES = 10  # moments that came after the end, for each that did not


@dataclass
class Striker:
    """Takes a home through its steps and strikes each of them.

    Args:
        generator: Draws the moments.
        starter: Starts them.
        kills: Kills before the end that were followed by a good end, by command.
        again: Kills of the run after a kill, by command.
    """

    generator: np.random.Generator
    starter: Starter
    kills: Counter[str] = field(default_factory=Counter)
    again: Counter[str] = field(default_factory=Counter)

    def live(self, life: Life, steps: Sequence[Step], *, kills: int) -> None:
        """Take a home through its steps, each struck about equally often, until there were so many kills."""
        before: frozenset[Event] = frozenset()
        for number, step in enumerate(steps):
            share = kills * (number + 1) // len(steps) - kills * number // len(steps)
            self._take(life, step, before, kills=share)
            before = step.events

    def _take(self, life: Life, step: Step, before: frozenset[Event], *, kills: int) -> None:
        """Strike one step so often, each time from the same beginning, and go on with what the last has left."""
        step = life.named(step)
        kept = Keepsake.of(life)
        whole = self.starter.to_its_end(life, step)
        done, misses = 0, 0
        while done < kills:
            kept.put_back()
            if not self._struck(life, step, before, whole):
                misses += 1
                assert misses < MISSES * kills, f"{step.name} always ends before it is struck"
                continue
            if step.name not in RELATIVE and self.generator.random() < TWICE:
                self.again[step.name] += self._struck(life, step, before, whole)
            whole = self.starter.to_its_end(life, step)
            done += 1
            self.kills[step.name] += 1

    def _struck(self, life: Life, step: Step, before: frozenset[Event], whole: Run) -> bool:
        """Kill a step at a moment drawn from those of a whole run; False if it had ended by then."""
        run = self.starter.start(life.home, step)
        if self.generator.random() < 0.5:
            lives = run.watch(seconds=self.generator.uniform(0, whole.seconds))
        else:
            lives = run.watch(writes=self.generator.uniform(0, whole.writes))
        killed = lives and run.kill()
        if not killed:
            run.ended_well()
        life.look([before, step.events] if killed else [step.events])
        return killed

"""A short replay in a home, struck with kill -9 at random moments, and looked at after each.

``COLDCAST_KILLS`` says how often, ``COLDCAST_CHAOS_SEED`` draws the moments. Users and items arrive, versions are
trained, extended, published and rolled back, items are placed and users folded in. Each of these commands is struck
many times from the same beginning: half of the moments are drawn by the clock, half by the number of writes. After a
kill nothing may be lost, doubled or half-published, and the next run of the same command must come to its good end.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.fakes import tiny_encoder
from tests.faults.chaos_replay import replay
from tests.faults.invariants import Life
from tests.faults.runs import Starter
from tests.faults.striker import Striker

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(0)]

LIVES = 2  # lived side by side, where there are two workers; each takes its share of the kills
KILLS = -(-int(os.environ.get("COLDCAST_KILLS", "200")) // LIVES)
SEED = int(os.environ.get("COLDCAST_CHAOS_SEED", "0"))


@pytest.mark.parametrize("which", range(LIVES))
def test_a_life_struck_at_random_moments_loses_nothing(tmp_path: Path, room: Path, which: int) -> None:
    steps = replay(tmp_path / "files", tiny_encoder(tmp_path / "encoder"), seed=LIVES * SEED + which)
    striker = Striker(np.random.default_rng([SEED, which]), Starter(tmp_path))
    striker.live(Life(room / "home"), steps, kills=KILLS)
    print(f"kills before the end: {dict(striker.kills)}; of the next run, too: {dict(striker.again)}")
    assert striker.kills.total() == KILLS
    if len(steps) <= KILLS:
        assert set(striker.kills) == {step.name for step in steps}

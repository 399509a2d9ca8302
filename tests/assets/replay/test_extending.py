"""Retrains in full beside extending ones on a small world: a chain of versions, judged on the same users."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from assets.extension import ExtensionConfig
from assets.replay import extending
from assets.replay.extending import ExtendingRequest, RetrainSettings, compare_extending
from assets.replay.settings import ReplaySettings
from assets.replay.source import synthetic_source
from data.errors import InputError
from models.collaborative.config import BprConfig
from tests.fakes import tiny_encoder

DAY = 86_400


@pytest.fixture(scope="module")
def request_of(tmp_path_factory: pytest.TempPathFactory) -> ExtendingRequest:
    folder = tmp_path_factory.mktemp("extending")
    (folder / "docs").mkdir()
    (folder / "out").mkdir()
    small = ReplaySettings(
        d=8,
        sweeps=3,
        epochs=2,
        mapper_width=16,
        text_size=16,
        width=16,
        minimum=60,
        language_model=tiny_encoder(folder / "encoder"),
    )
    return ExtendingRequest(
        synthetic_source(users=150, items=300, interactions=4000, drift=0.5, newcomers=0.4, seed=0),
        folder / "out",
        step=40 * DAY,
        settings=RetrainSettings(
            BprConfig(d=8, epochs=4, validate_every=2),
            small.tokens(),
            small.filterllm(),
            small.placement(),
            ExtensionConfig(sweeps=1, epochs=1),
            small.split(),
        ),
        steps=4,
        command="coldcast replay synthetic --extend",
        docs=folder / "docs",
    )


@pytest.mark.slow
def test_every_version_extends_the_one_before(
    request_of: ExtendingRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain: list[tuple[int, int]] = []
    whole = extending._extended

    def noted(snapshot, step, settings, earlier, language_model):  # type: ignore[no-untyped-def]
        chain.append((earlier.version.version, step))
        found = whole(snapshot, step, settings, earlier, language_model)
        assert found.tokens.d == earlier.tokens.d
        assert len(found.version.users) >= len(earlier.version.users)
        return found

    monkeypatch.setattr(extending, "_extended", noted)
    lines: list[str] = []
    outcome = compare_extending(request_of, say=lines.append)
    assert chain == [(0, 1), (1, 2), (2, 3)]
    assert [one.step for one in outcome.steps] == [1, 2, 3]
    assert len(lines) == 3
    for one in outcome.steps:
        assert len(one.users) == len(one.full) == len(one.extend) > 0
        assert one.extend_seconds > 0
        assert one.full_seconds > 0
        assert (one.full != one.extend).any()
    kept = json.loads((request_of.docs / "results" / "extending.json").read_text())  # type: ignore[operator]
    assert kept["synthetic"]["extension"]["epochs"] == 1
    assert len(kept["synthetic"]["steps"]) == 3
    assert not (request_of.docs / "results" / "replay.json").exists()  # type: ignore[operator]
    assert (request_of.out / "extending.json").exists()


def test_one_step_gives_nothing_to_extend(request_of: ExtendingRequest) -> None:
    from dataclasses import replace

    with pytest.raises(InputError, match="2 are wanted"):
        compare_extending(replace(request_of, step=280 * DAY, steps=None))


def test_one_step_that_is_asked_for_is_refused_before_anything_is_trained(
    request_of: ExtendingRequest,
) -> None:
    with pytest.raises(InputError, match="steps must be at least 2"):
        compare_extending(replace(request_of, steps=1))

"""A whole replay of a small world: decisions, curves, the copy in the documents, and going on where it broke off."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from assets.gate import judge_versions
from assets.model_version import ModelVersion
from assets.replay.run import ReplayRequest, run_replay
from assets.replay.settings import ReplaySettings
from assets.replay.source import synthetic_source
from assets.replay.training import Trainer
from assets.retrain_rule import RetrainRule
from tests.fakes import tiny_encoder

DAY = 86_400
SETTINGS = ReplaySettings(
    d=8, sweeps=2, epochs=1, mapper_width=16, text_size=16, landmarks=64, width=16, minimum=30
)


@pytest.fixture(scope="module")
def request_of(tmp_path_factory: pytest.TempPathFactory) -> ReplayRequest:
    folder = tmp_path_factory.mktemp("replay")
    (folder / "docs").mkdir()
    source = synthetic_source(users=150, items=300, interactions=4000, drift=0.5, newcomers=0.4, seed=0)
    return ReplayRequest(
        source,
        folder / "out",
        step=40 * DAY,
        history=0.3,
        steps=4,
        settings=replace(SETTINGS, language_model=tiny_encoder(folder / "encoder")),
        rule=RetrainRule(users=1000, share=1.0, age_days=70),
        command="coldcast replay synthetic",
        docs=folder / "docs",
    )


@pytest.mark.slow
def test_a_replay_from_end_to_end(request_of: ReplayRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    judged: list[ModelVersion] = []

    def noted(snapshot: Any, challenger: ModelVersion, champion: ModelVersion | None, **given: Any) -> Any:
        judged.extend(one for one in (challenger, champion) if one is not None)
        return judge_versions(snapshot, challenger, champion, **given)

    monkeypatch.setattr("assets.gate.judge_versions", noted)
    replay = run_replay(request_of, say=lines.append)
    assert all(one.stopped_on is not None and len(one.stopped_on) for one in judged)  # as registered ones say
    assert len(lines) == 4
    assert [one.trained for one in replay.of("never")] == [True, False, False, False]
    assert all(one.trained for one in replay.of("always"))
    loop = replay.of("loop")
    assert loop[0].fired == ("first",)
    assert not loop[1].trained  # forty days are below the threshold
    assert "days old, threshold 70" in loop[1].rule
    assert loop[2].trained
    assert "age_days" in loop[2].fired
    for one in replay.steps:
        assert one.promoted is None or one.gate
        assert one.in_force <= one.step
        assert 0 <= one.provisional <= one.outside
        assert one.judged_served <= one.judged
    assert replay.totals["loop"].train_seconds < replay.totals["always"].train_seconds
    # what two policies trained on is one training, counted for both
    assert replay.of("never")[0].seconds == replay.of("always")[0].seconds == loop[0].seconds
    kept = json.loads((request_of.docs / "results" / "replay.json").read_text())  # type: ignore[operator]
    assert set(kept["synthetic"]["policies"]) == {"never", "always", "loop"}
    assert (request_of.out / "replay.html").exists()

    def trained_again(*given: object) -> None:
        raise AssertionError("a version that lies there is trained again")

    monkeypatch.setattr(Trainer, "_fit", trained_again)
    again = run_replay(replace(request_of, docs=None))
    assert again.totals == replay.totals
    assert again.differences == replay.differences

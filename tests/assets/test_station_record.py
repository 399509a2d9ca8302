"""What a station notes about itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from assets.promotion_decision import PromotionDecision
from assets.station_record import Recorded, StationRecord


@dataclass(frozen=True)
class Word:
    """A value of one file."""

    word: str

    def save(self, directory: Path) -> None:
        (directory / "word.txt").write_text(self.word)


def test_value_and_record_rest_in_one_folder(tmp_path: Path) -> None:
    record = StationRecord("bpr_embeddings", {"d": 8, "patience": None}, started=10.0, ended=12.5)
    record.epoch(1, {"loss": 0.5})
    Recorded(Word("so"), record).save(tmp_path)
    assert (tmp_path / "word.txt").read_text() == "so"
    loaded = StationRecord.load(tmp_path)
    assert loaded == record
    assert loaded.seconds == 2.5
    assert loaded.epochs == [{"step": 1, "loss": 0.5}]


def test_a_station_still_at_work_counts_up_to_now() -> None:
    assert StationRecord("promotion", {}, started=0.0).seconds > 1e9


def test_a_folder_without_a_record_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        StationRecord.load(tmp_path)


def test_a_decision_rests_as_it_was(tmp_path: Path) -> None:
    decision = PromotionDecision(7, None, True, "better", {"n_users": 3.0})
    decision.save(tmp_path)
    assert PromotionDecision.load(tmp_path) == decision

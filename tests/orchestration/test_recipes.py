"""A retrain in the reference form, from the option to the published version."""

from __future__ import annotations

import json
import os
from pathlib import Path
from unittest import mock

import pytest

from tests.orchestration.worlds import trained

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of packages that load while stations run
]


def test_a_retrain_in_the_authors_form_is_published(tmp_path: Path) -> None:
    with mock.patch.dict(os.environ):  # a run in this process leaves its own variables
        cli = trained(tmp_path, "--recipe", "reference")
        assert "version 1" in cli.run("status")
    (file,) = (cli.home.artifacts / "user_vocabulary_checkpoint").glob("**/filterllm.json")
    config = json.loads(file.read_text(encoding="utf-8"))["config"]
    assert (config["mapper"], config["similarity"], config["text_weight"]) == ("linear", "dot", 0.0)
    (record,) = file.parent.glob("record.json")
    assert '"kept_epoch": "last"' in record.read_text(encoding="utf-8")

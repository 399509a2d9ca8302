"""What a command loads. A server imports this once and forks a child for each command, so that none starts up."""

from __future__ import annotations

import great_expectations  # noqa: F401
import mlflow  # noqa: F401
import pandas  # noqa: F401
import peft  # noqa: F401
import torch  # noqa: F401
import transformers  # noqa: F401

import orchestration.cli
import orchestration.definitions
import orchestration.placing
import orchestration.releases
import orchestration.retraining  # noqa: F401

"""The scorer in the registry: the same users as the library call, in process and over HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assets.registry import Lineage, RegisteredVersion
from data.id_map import IdMap
from tests.assets.mlflow_worlds import World, model_directories
from tests.assets.test_mlflow_home import closed_port
from tests.fakes import tiny_encoder

N_USERS = 7
USER_IDS = [f"reader-{number}" for number in range(N_USERS)]
TEXTS = ["neural ranking of sparse music", "protein cell virus", "kernel for graph"]
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*type hint is inferred as AnyType:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*Operation with range is deprecated"),
]


def tiny_model(folder: Path) -> Any:
    """A FilterLLM over the tiny encoder, trained for one epoch, with its checkpoint in ``folder``."""
    from models.collaborative.embeddings import CollaborativeEmbeddings
    from models.filterllm.checkpoint import save_checkpoint
    from models.filterllm.config import FilterLLMConfig
    from models.filterllm.fit import fit_filterllm

    random = np.random.default_rng(0)
    embeddings = CollaborativeEmbeddings(
        users=random.normal(size=(N_USERS, 8)).astype(np.float32),
        warm_items=random.normal(size=(4, 8)).astype(np.float32),
        warm_item_index=np.arange(4),
    )
    pairs = np.array([[user, item] for user in range(N_USERS) for item in range(4) if (user + item) % 2])
    texts = ["graph network", "gene cell", "market price trade", "music sound"]
    config = FilterLLMConfig(
        language_model=tiny_encoder(folder / "encoder"), epochs=1, constant_epochs=0, lora_epochs=0
    )
    model = fit_filterllm(texts, pairs, embeddings, config=config)
    checkpoint = folder / "checkpoint"
    checkpoint.mkdir()
    save_checkpoint(model, checkpoint, user_fingerprint=IdMap(USER_IDS).fingerprint)
    return model


def registered(world: World, user_ids: list[str]) -> RegisteredVersion:
    """Register what lies in the world's ``checkpoint`` folder, and make it champion."""
    _, space = model_directories(world.folder, word="any")
    run = world.registry.tracking.retrain_run("snapshot", "dagster")
    lineage = Lineage(run, f"dagster-{len(world.registry.versions())}", "snapshot", "hash")
    made = world.registry.register(
        world.folder / "checkpoint", space, user_ids=user_ids, lineage=lineage, metrics={}
    )
    return world.registry.promote(made.version, "for the test")


def loaded(world: World) -> Any:
    """The champion as MLflow loads it."""
    import mlflow.pyfunc

    version = world.registry.champion()
    assert version is not None
    files = world.registry.download(version.version, cache=world.folder / "cache")
    return mlflow.pyfunc.load_model(str(files.users.parents[1]))


@pytest.fixture
def model(world: World) -> Any:
    return tiny_model(world.folder)


@pytest.mark.slow
def test_the_loaded_model_answers_like_the_library_call(world: World, model: Any) -> None:
    import pandas as pd
    from mlflow.exceptions import MlflowException

    registered(world, USER_IDS)
    served = loaded(world)
    expected = model.simulate(TEXTS, k=3)
    answer = served.predict(pd.DataFrame({"text": TEXTS}), params={"k": 3})
    for row in range(len(TEXTS)):
        assert answer["user_ids"][row] == [USER_IDS[user] for user in expected.users[row]]
        np.testing.assert_allclose(
            answer["log_probabilities"][row], expected.log_probabilities[row], rtol=0, atol=1e-6
        )
    whole = served.predict(
        pd.DataFrame({"text": TEXTS[:1]})
    )  # the default k is capped by the users there are
    assert sorted(whole["user_ids"][0]) == USER_IDS
    assert np.exp(whole["log_probabilities"][0]).sum() == pytest.approx(1, abs=1e-5)
    with pytest.raises(MlflowException, match=r"missing inputs \['text'\]"):
        served.predict(pd.DataFrame({"title": TEXTS}))
    with pytest.raises(
        MlflowException, match=r"'text' must be a non-empty string in every row, got ' ' in row 1"
    ):
        served.predict(pd.DataFrame({"text": ["graph", " "]}))
    with pytest.raises(MlflowException, match=r"k must be between 1 and the number of users \(7\), got 8"):
        served.predict(pd.DataFrame({"text": TEXTS}), params={"k": 8})


@pytest.mark.slow
def test_other_users_than_the_checkpoints_are_refused(world: World, model: Any) -> None:
    from mlflow.exceptions import MlflowException

    registered(world, [*USER_IDS[1:], USER_IDS[0]])
    with pytest.raises(MlflowException, match="register a version again"):
        loaded(world)


@contextlib.contextmanager
def serving(world: World, folder: Path) -> Iterator[str]:
    """``mlflow models serve`` on a free loopback port, started in ``folder``; ends with all its processes."""
    port = closed_port()
    name = world.registry.model_name
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", f"models:/{name}@champion"]
    options = ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port)]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # MLflow looks there for uvicorn
    environment = {**os.environ, "PATH": path, "MLFLOW_TRACKING_URI": world.registry.tracking_uri}
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *options],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/ping", process, folder / "serve.log")
            yield f"http://127.0.0.1:{port}/invocations"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(20)


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the server answers; its log is the message if it does not."""
    for _ in range(480):
        if process.poll() is not None:
            pytest.fail(f"the server ended: {log.read_text()[-2000:]}")
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.25)
    pytest.fail(f"the server did not come up: {log.read_text()[-2000:]}")


def asked(url: str, body: dict[str, Any]) -> Any:
    """The JSON that the server answers."""
    request = urllib.request.Request(
        url, json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.loads(response.read())


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_mlflow_models_serve_answers_like_the_library_call(world: World, model: Any) -> None:
    registered(world, USER_IDS)
    expected = model.simulate(TEXTS, k=4)
    elsewhere = world.folder / "elsewhere"
    elsewhere.mkdir()
    records = [{"text": text} for text in TEXTS]
    with serving(world, elsewhere) as url:
        answer = asked(url, {"dataframe_records": records, "params": {"k": 4}})["predictions"]
        assert [row["user_ids"] for row in answer] == [
            [USER_IDS[user] for user in row] for row in expected.users
        ]
        np.testing.assert_allclose(
            [row["log_probabilities"] for row in answer], expected.log_probabilities, rtol=0, atol=1e-6
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            asked(url, {"dataframe_records": [{"text": ""}]})
        assert refused.value.code == 400
        assert "non-empty string" in json.loads(refused.value.read())["message"]
        refused.value.close()
    shutil.rmtree(elsewhere)


@pytest.mark.parametrize("texts", [["graph", ""], ["graph", "\t\n"], ["graph", None], ["graph", 3]])
def test_texts_must_be_there(texts: list[Any]) -> None:
    import pandas as pd
    from mlflow.exceptions import MlflowException

    from assets.served_model import require_texts

    with pytest.raises(
        MlflowException, match=r"'text' must be a non-empty string in every row, got .* in row 1"
    ):
        require_texts(pd.DataFrame({"text": pd.Series(texts, dtype=object)}))


def test_the_column_must_be_there() -> None:
    import pandas as pd
    from mlflow.exceptions import MlflowException

    from assets.served_model import require_texts

    with pytest.raises(MlflowException, match=r"must have a column 'text', got \['title', '0'\]"):
        require_texts(pd.DataFrame({"title": ["a"], 0: ["b"]}))
    with pytest.raises(MlflowException, match="at least one row, got none"):
        require_texts(pd.DataFrame({"text": []}))
    assert require_texts(pd.DataFrame({"text": ["a", "b"]})) == ["a", "b"]


@pytest.mark.parametrize("k", [0, -1, 6, 2.0, "3", None, True])
def test_k_must_fit_the_users(k: Any) -> None:
    from mlflow.exceptions import MlflowException

    from assets.served_model import require_k

    with pytest.raises(MlflowException, match=r"k must be between 1 and the number of users \(5\), got"):
        require_k(k, n_users=5)
    assert require_k(np.int64(5), n_users=5) == 5

"""A failed run reaches the webhook; a webhook that is down reaches nobody."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import dagster as dg
import pytest

from data.errors import InputError
from data.home import Home
from orchestration import alerts
from orchestration.alerts import WEBHOOK_VARIABLE, failed_runs, post
from orchestration.settings import Settings

SECRET = "hook-with-a-secret"


class Webhook:
    """A server on loopback that keeps what it is told and answers with the given codes, then 200."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.codes: list[int] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.told.append(json.loads(body))
                self.send_response(hook.codes.pop(0) if hook.codes else 200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/{SECRET}"


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    monkeypatch.setattr(alerts, "PAUSE_SECONDS", 0.0)
    hook = Webhook()
    thread = threading.Thread(target=hook.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield hook
    hook.server.shutdown()
    hook.server.server_close()
    thread.join()


@dg.op
def breaks() -> None:
    raise RuntimeError("postgresql://reader:password-of-it@host/db is gone")


@dg.job
def broken() -> None:
    breaks()


def evaluated(instance: dg.DagsterInstance) -> Any:
    """Let a run fail and evaluate the sensor on it: what it returned."""
    result = broken.execute_in_process(instance=instance, raise_on_error=False)
    assert not result.success
    context = dg.build_run_status_sensor_context(
        sensor_name="failed_runs",
        dagster_instance=instance,
        dagster_run=result.dagster_run,
        dagster_event=result.get_run_failure_event(),
    ).for_run_failure()
    return failed_runs(context)


@pytest.fixture
def memory() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def test_a_failed_run_is_posted_whole(
    home: Home, memory: dg.DagsterInstance, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WEBHOOK_VARIABLE, webhook.address)
    assert evaluated(memory) is None
    (told,) = webhook.told
    assert told["job"] == "broken"
    assert told["stations"] == "breaks"
    assert told["text"].startswith(f"coldcast: the run {told['run_id'][:8]} of broken failed at breaks: ")
    assert "password-of-it" not in json.dumps(told)


def test_the_address_may_stand_in_the_settings_and_is_not_shown(
    home: Home, memory: dg.DagsterInstance, webhook: Webhook
) -> None:
    home.config_file.write_text(f"alerts: {{webhook: '{webhook.address}'}}\n")
    evaluated(memory)
    assert len(webhook.told) == 1
    settings = Settings.read(home)
    assert settings.effective()["alerts"] == {"webhook": "***"}
    assert SECRET not in repr(settings.alerts())
    home.config_file.write_text(f"alerts: {{webhook: 'file:///{SECRET}'}}\n")
    with pytest.raises(InputError, match="alerts: webhook must be an http") as refusal:
        Settings.read(home)
    assert SECRET not in str(refusal.value)


def test_without_an_address_nobody_is_told(home: Home, memory: dg.DagsterInstance) -> None:
    assert "neither COLDCAST_WEBHOOK_URL nor alerts.webhook is set" in evaluated(memory).skip_message


def test_a_webhook_that_is_down_fails_nothing_and_is_not_named(
    home: Home,
    memory: dg.DagsterInstance,
    webhook: Webhook,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    webhook.codes = [500, 503, 404]
    monkeypatch.setenv(WEBHOOK_VARIABLE, webhook.address)
    assert evaluated(memory) is None
    assert len(webhook.told) == 3
    monkeypatch.setenv(WEBHOOK_VARIABLE, f"http://127.0.0.1:9/{SECRET}")  # nobody listens there
    assert evaluated(memory) is None
    out, err = capfd.readouterr()
    assert "it answered 404 (3 attempts)" in out + err
    assert "it did not answer (ConnectionRefusedError) (3 attempts)" in out + err
    assert SECRET not in out + err


def test_what_is_refused_once_is_told_again(webhook: Webhook) -> None:
    webhook.codes = [503]
    assert post(webhook.address, {"text": "a"}) == ""
    assert webhook.told == [{"text": "a"}, {"text": "a"}]


@pytest.mark.parametrize(
    "address", [f"ftp://{SECRET}", f"http:/{SECRET}", f"http://a b/{SECRET}", "http://[x"]
)
def test_no_other_address_is_asked(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "PAUSE_SECONDS", 0.0)
    told = post(address, {"text": "a"})
    assert told
    assert SECRET not in told

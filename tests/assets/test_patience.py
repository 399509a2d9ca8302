"""Waiting for a service: how long, for what, and what is said at the end."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.patience import Patience, bounded_requests, is_transient, masked
from assets.registry_errors import RegistryError, RegistryUnavailable


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)


class Service:
    """Refuses the first ``failures`` calls, then answers."""

    def __init__(self, failures: int, error: Exception | None = None) -> None:
        self.failures = failures
        self.error = error or ConnectionRefusedError("refused")
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error
        return "answer"


def patience(seconds: float) -> tuple[Patience, Clock]:
    clock = Clock()
    return Patience("http://me:secret@host:5000", seconds, clock=clock, sleep=clock.sleep), clock


def test_a_service_that_comes_back_is_asked_again_with_growing_pauses() -> None:
    waiting, clock = patience(60)
    assert waiting.insist(Service(4), "asking") == "answer"
    assert clock.slept == [0.25, 0.5, 1.0, 2.0]
    assert waiting.down_seconds == 0


def test_a_dead_service_costs_the_budget_and_no_more() -> None:
    waiting, clock = patience(60)
    with pytest.raises(
        RegistryUnavailable, match=r"http://me:\*\*\*@host:5000 did not answer .* while asking"
    ):
        waiting.insist(Service(10**6), "asking")
    assert 50 <= clock.now - 100 <= 60


def test_one_outage_has_one_budget_however_many_calls() -> None:
    waiting, clock = patience(60)
    service = Service(10**6)
    for _ in range(5):
        with pytest.raises(RegistryUnavailable):
            waiting.insist(service, "asking")
    assert clock.now - 100 <= 60


def test_success_restores_the_budget() -> None:
    waiting, clock = patience(10)
    waiting.insist(Service(3), "asking")
    start = clock.now
    with pytest.raises(RegistryUnavailable):
        waiting.insist(Service(10**6), "asking")
    assert clock.now - start > 5


@pytest.mark.parametrize("error", [FileNotFoundError("gone"), ValueError("wrong"), PermissionError("no")])
def test_what_waiting_cannot_mend_is_raised_at_once(error: Exception) -> None:
    waiting, clock = patience(60)
    with pytest.raises(type(error), match=str(error)):
        waiting.insist(Service(1, error), "asking")
    assert clock.slept == []


def test_once_does_not_wait() -> None:
    waiting, clock = patience(60)
    with pytest.raises(RegistryUnavailable, match="while telling"):
        waiting.once(Service(1), "telling", timeout=5)
    assert clock.slept == []


def test_a_failure_after_which_nobody_asked_costs_a_later_call_nothing() -> None:
    waiting, clock = patience(60)
    with pytest.raises(RegistryUnavailable):
        waiting.once(Service(1), "telling", timeout=5)
    clock.now += 600  # at work on something else
    assert waiting.insist(Service(4), "asking") == "answer"
    waiting, clock = patience(60)
    with pytest.raises(RegistryUnavailable):
        waiting.once(Service(1), "telling", timeout=5)
    clock.now += 600
    with pytest.raises(RegistryUnavailable, match=r"did not answer for [0-9]{2} s while asking"):
        waiting.insist(Service(10**6), "asking")


def test_the_message_says_what_to_do_and_is_an_error_a_command_line_shows() -> None:
    waiting, _ = patience(1)
    with pytest.raises(RegistryError, match="start the server again, or point to another one, and run again"):
        waiting.insist(Service(10**6), "asking")


def test_the_original_error_is_not_chained_because_it_may_hold_the_password() -> None:
    waiting, _ = patience(1)
    with pytest.raises(RegistryUnavailable) as caught:
        waiting.insist(Service(10**6, ConnectionError("http://me:secret@host:5000/api failed")), "asking")
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_budget_must_be_positive(seconds: float) -> None:
    with pytest.raises(ValueError, match="seconds must be a positive number"):
        Patience("http://host", seconds)


def test_a_wrapped_network_error_is_transient() -> None:
    wrapped = RuntimeError("API request failed")
    wrapped.__context__ = ConnectionResetError("reset")
    assert is_transient(wrapped)
    assert not is_transient(RuntimeError("API request failed"))


def test_a_locked_database_is_transient() -> None:
    error = RuntimeError("database is locked")
    error.error_code = "TEMPORARILY_UNAVAILABLE"  # type: ignore[attr-defined]
    assert is_transient(error)


def test_requests_are_bounded_only_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
    with bounded_requests(0.2):
        assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "0"
        assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "1"
        with bounded_requests(60):  # the user's own shorter limit holds
            assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "1"
    assert "MLFLOW_HTTP_REQUEST_MAX_RETRIES" not in os.environ
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "30"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://me:secret@host/x", "http://me:***@host/x"),
        ("postgresql+psycopg2://u:p%40q@h:5432/db", "postgresql+psycopg2://u:***@h:5432/db"),
        ("postgresql://h/db?user=u&password=p&x=1", "postgresql://h/db?user=u&password=***&x=1"),
        ("sqlite:////var/a/b.db", "sqlite:////var/a/b.db"),
        ("http://host:5000/a@b", "http://host:5000/a@b"),
    ],
)
def test_passwords_are_masked(text: str, expected: str) -> None:
    assert masked(text) == expected


@given(st.text(alphabet="abcXYZ019.-_~", min_size=6))
def test_no_password_survives_masking(password: str) -> None:
    assert password not in masked(f"see http://U:{password}@H:1/I and http://U:{password}@H").replace(
        "***", ""
    )

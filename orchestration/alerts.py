"""A failed run is told to a webhook. Telling never fails anything, and the address stays out of every log."""

import http.client
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Mapping

import dagster as dg

from assets.patience import masked
from orchestration.alert_choice import is_web_address
from orchestration.requests import home_settings

WEBHOOK_VARIABLE = "COLDCAST_WEBHOOK_URL"
ATTEMPTS = 3
PAUSE_SECONDS = 0.5  # doubled after each attempt
TIMEOUT_SECONDS = 5.0
LONGEST_TEXT = 2000  # characters of an error


@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description="Posts each failed run to the webhook of the settings, if there is one.",
)
def failed_runs(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
    """Tell the webhook what failed; a webhook that does not answer is logged and nothing more."""
    _, settings = home_settings()
    address = os.environ.get(WEBHOOK_VARIABLE, "") or settings.alerts().webhook
    if not address:
        return dg.SkipReason(f"nobody is told: neither {WEBHOOK_VARIABLE} nor alerts.webhook is set")
    trouble = post(address, failure_message(context))
    if trouble:
        context.log.warning(f"the webhook was not told of run {context.dagster_run.run_id}: {trouble}")
    return None


def failure_message(context: dg.RunFailureSensorContext) -> dict[str, str]:
    """What is posted: a sentence under ``text``, and its parts; passwords in the error are masked."""
    run = context.dagster_run
    steps = [event.step_key or "" for event in context.get_step_failure_events()]
    error = masked(context.failure_event.message or "")[:LONGEST_TEXT]
    at = f" at {', '.join(steps)}" if steps else ""
    return {
        "text": f"coldcast: the run {run.run_id[:8]} of {run.job_name} failed{at}: {error}",
        "job": run.job_name,
        "run_id": run.run_id,
        "partition": run.tags.get("dagster/partition", ""),
        "stations": ", ".join(steps),
        "error": error,
    }


def post(address: str, message: Mapping[str, str]) -> str:
    """Post a message as JSON.

    Args:
        address: Where to.
        message: What.

    Returns:
        Why it was not taken, without the address; empty if it was.
    """
    if not is_web_address(address):
        return "the address is not an http:// or https:// one"
    body = json.dumps(message).encode()
    trouble = ""
    for number in range(ATTEMPTS):
        if number:
            time.sleep(PAUSE_SECONDS * 2 ** (number - 1))
        trouble = _attempt(address, body)
        if not trouble:
            return ""
    return f"{trouble} ({ATTEMPTS} attempts)"


def _attempt(address: str, body: bytes) -> str:
    try:
        request = urllib.request.Request(address, data=body, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):
            return ""
    except urllib.error.HTTPError as error:
        error.close()
        return f"it answered {error.code}"
    except (OSError, http.client.HTTPException, ValueError) as error:  # whose texts may hold the address
        reason = getattr(error, "reason", error)
        return f"it did not answer ({type(reason).__name__})"

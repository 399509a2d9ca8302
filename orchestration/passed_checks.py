"""Whether a station's value was found sound: a run may have ended between writing and checking it."""

import dagster as dg

LOOKED_AT = 1000  # newest executions of one check, over all snapshots


def unsound(
    instance: dg.DagsterInstance, definitions: dg.Definitions, *, station: str, partition: str, since: float
) -> str | None:
    """Why nothing must be built upon a station's value; None if every blocking check has passed on it.

    Args:
        instance: Dagster's history.
        definitions: Knows the checks.
        station: The asset's name.
        partition: The snapshot's key.
        since: When the value was made, Unix time in seconds; checks made before were of another value.

    Returns:
        The first blocking check that failed on the value last, or was never made of it, in words.
    """
    for check in blocking_checks(definitions, station):
        history = instance.event_log_storage.get_asset_check_execution_history(check, limit=LOOKED_AT)
        verdicts = [
            record.status.name
            for record in history
            if record.partition == partition
            and record.status.name in ("FAILED", "SUCCEEDED")
            and record.event is not None
            and record.event.timestamp >= since
        ]
        if not verdicts:
            return f"the check {check.name} was not made"
        if verdicts[0] == "FAILED":
            return f"the check {check.name} did not pass"
    return None


def blocking_checks(definitions: dg.Definitions, station: str) -> list[dg.AssetCheckKey]:
    """The checks that stop the way behind a station, by name."""
    keys = [
        spec.key
        for checks in definitions.asset_checks or []
        for spec in checks.check_specs
        if spec.blocking and spec.asset_key == dg.AssetKey(station)
    ]
    return sorted(keys, key=lambda key: key.name)

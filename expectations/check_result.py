"""From findings to what the Dagster UI shows: count, threshold and the first offenders."""

import json
from collections.abc import Mapping, Sequence

import dagster as dg

from expectations.finding import Finding


def check_result(findings: Sequence[Finding]) -> dg.AssetCheckResult:
    """Turn findings into one check result; it fails if any finding does.

    Args:
        findings: At least one.

    Returns:
        The result; its severity is ERROR if a failed finding is an error, else WARN.

    Raises:
        ValueError: If there are no findings, since a check that looked at nothing must not pass.
    """
    if not findings:
        raise ValueError("findings must hold at least one finding, got none")
    failed = [finding for finding in findings if not finding.passed]
    broken = any(finding.severity == "error" for finding in failed)
    metadata: dict[str, dg.MetadataValue] = {
        "expectations": dg.MetadataValue.int(len(findings)),
        "failed": dg.MetadataValue.int(len(failed)),
        "findings": _table([_finding_row(finding) for finding in findings]),
    }
    if failed:
        rows = [
            {"expectation": finding.name, "offender": _plain(offender)}
            for finding in failed
            for offender in finding.offenders
        ]
        metadata["first offenders"] = _table(
            rows or [{"expectation": failed[0].name, "offender": "none named"}]
        )
    severity = dg.AssetCheckSeverity.ERROR if broken else dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(
        passed=not failed,
        severity=severity,
        metadata=metadata,
        description="; ".join(f"{finding.name}: {_plain(finding.observed)}" for finding in failed)
        or f"{len(findings)} expectations hold",
    )


def _finding_row(finding: Finding) -> dict[str, str | bool]:
    return {
        "expectation": finding.name,
        "passed": finding.passed,
        "observed": _plain(finding.observed),
        "threshold": _plain(finding.threshold),
        "severity": finding.severity,
    }


def _table(rows: Sequence[Mapping[str, str | bool]]) -> dg.MetadataValue:
    return dg.MetadataValue.table(records=[dg.TableRecord(dict(row)) for row in rows])


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)

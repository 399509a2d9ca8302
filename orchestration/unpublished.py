"""Where nothing is published yet: the newest version the gate decided on, and the way out."""

from assets.promotion_decision import PromotionDecision
from data.home import Home
from orchestration.artifact_folder import ArtifactError, check_artifact

FIRST = "`coldcast retrain` makes the first version"


def newest_decision(home: Home) -> PromotionDecision | None:
    """The decision on the version registered last, None before the first; damaged ones are left out."""
    decisions = []
    for folder in (home.artifacts / "promotion").glob("*"):
        if folder.name.startswith("."):
            continue
        try:
            check_artifact(folder)
        except ArtifactError:
            continue
        decisions.append(PromotionDecision.load(folder))
    return max(decisions, key=lambda one: one.version, default=None)


def way_out(home: Home) -> str:
    """What leads to a first publication, in words: what became of the newest version, and the command."""
    newest = newest_decision(home)
    if newest is None:
        return FIRST
    if newest.promote:
        return f"version {newest.version} was accepted; `coldcast retrain` places and publishes it"
    if newest.held:
        return (
            f"version {newest.version} is held for a human; `coldcast promote {newest.version}` publishes it"
        )
    return (
        f"version {newest.version} was refused: {short(newest.reason)}; "
        f"`coldcast promote --force {newest.version}` publishes it anyway"
    )


def short(reason: str) -> str:
    """A reason without its numbers, which stand behind the colon."""
    return reason.partition(": ")[0].rstrip(".")

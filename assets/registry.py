"""The model registry: versions of the model, and which of them is champion."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from pathlib import Path

from assets.mlflow_home import MlflowHome
from assets.model_files import ModelFiles
from assets.registry_errors import DamagedVersion, RegistryError, RegistryUnavailable, UnknownVersion
from assets.tracking import RunReference, Tracking
from assets.versions import REPLACED, Lineage, RegisteredVersion, Versions

__all__ = [
    "DamagedVersion",
    "Lineage",
    "ModelFiles",
    "RegisteredVersion",
    "Registry",
    "RegistryError",
    "RegistryUnavailable",
    "RunReference",
    "UnknownVersion",
]

CHAMPION = "champion"
CHALLENGER = "challenger"
PREVIOUS = "previous"
ACCEPTED = "accepted"  # by the gate, to be published
OVERRULED = "accepted by force"  # by a person, to be published
DUE = (ACCEPTED, OVERRULED)
HELD = "held"  # by the gate, for a human
REFUSED = "refused"  # by the gate, or because it cannot be published
EXAMPLE = "A short title of a new item"


@dataclass(frozen=True)
class Registry:
    """Versions and runs of one MLflow; nothing is contacted before a method is called.

    Every method raises ``RegistryUnavailable``, naming the address without its password, if MLflow stays away
    for ``retry_seconds``.

    Attributes:
        tracking_uri: Database URL (``sqlite:////...``) or ``http(s)://...`` of runs and versions alike.
        artifact_root: Folder or URI of artefacts; leave it None for a server that keeps them itself.
        experiment: Name of the experiment.
        model_name: Name of the registered model.
        retry_seconds: Seconds one outage may last.
    """

    tracking_uri: str
    artifact_root: str | os.PathLike[str] | None = None
    experiment: str = "coldcast"
    model_name: str = "coldcast"
    retry_seconds: float = 60.0

    @cached_property
    def home(self) -> MlflowHome:
        """The connection."""
        root = None if self.artifact_root is None else os.fspath(self.artifact_root)
        if self.tracking_uri.startswith("http"):
            root = None  # a folder of this machine means nothing to a server
        return MlflowHome(self.tracking_uri, root, self.experiment, self.retry_seconds)

    @cached_property
    def tracking(self) -> Tracking:
        """The run tree of the same experiment."""
        return Tracking(self.home)

    @cached_property
    def _versions(self) -> Versions:
        return Versions(self.home, self.model_name)

    def register(
        self,
        checkpoint: Path,
        space: Path,
        *,
        user_ids: Sequence[str],
        lineage: Lineage,
        metrics: Mapping[str, float],
        example: str = EXAMPLE,
    ) -> RegisteredVersion:
        """Register a version with alias ``challenger``; once per Dagster run, however often it is called.

        Args:
            checkpoint: Directory of the FilterLLM checkpoint.
            space: Directory of the collaborative embeddings it was trained in.
            user_ids: The user with index u at position u.
            lineage: Where the model comes from.
            metrics: The report's numbers, attached to the model.
            example: A text for the input example.

        Raises:
            NotADirectoryError: If a directory is missing.
            RegistryUnavailable: If MLflow stays away; no half version is left.
        """
        made = [one.version for one in self.versions() if one.dagster_run_id == lineage.dagster_run_id]
        if made:
            version = made[0]
        else:
            with tempfile.TemporaryDirectory(prefix="coldcast-files-") as folder:
                files = ModelFiles.gathered(
                    Path(folder), checkpoint=checkpoint, space=space, user_ids=user_ids
                )
                version = self._versions.create(files, lineage, example=example)
        self._versions.attach(self.version(version), metrics)
        self._versions.point(CHALLENGER, version)
        return self.version(version)

    def measured(self, version: int, metrics: Mapping[str, float]) -> None:
        """Log numbers that were measured of a version later, on its model and its run.

        Raises:
            UnknownVersion: If there is no such version.
        """
        self._versions.attach(self.version(version), metrics)

    def versions(self) -> list[RegisteredVersion]:
        """All versions, the newest first; empty before the first registration."""
        return self._versions.all()

    def version(self, version: int) -> RegisteredVersion:
        """One version.

        Raises:
            UnknownVersion: If there is no such version.
        """
        return self._versions.get(version)

    def champion(self) -> RegisteredVersion | None:
        """The version that serves, or None before the first promotion."""
        return self._under(CHAMPION)

    def previous(self) -> RegisteredVersion | None:
        """What a rollback would bring back, or None."""
        return self._under(PREVIOUS)

    def download(self, version: int, *, cache: Path) -> ModelFiles:
        """Get a version's files; local ones are used in place, remote ones are kept in ``cache``.

        Args:
            version: Number of the version.
            cache: Folder for copies of remote files, created if needed.

        Raises:
            UnknownVersion: If there is no such version.
            DamagedVersion: If a file was deleted, or the files differ from what was registered.
        """
        return self._versions.fetch(self.version(version), cache)

    def promote(self, version: int, reason: str, *, decision: str = "promoted") -> RegisteredVersion:
        """Make a version champion; the champion so far becomes ``previous``, first.

        Promoting the champion again changes no alias.

        Args:
            version: Number of the version.
            reason: Why, in a sentence; kept with the version.
            decision: ``promoted``, or ``forced`` where a person overruled the gate.

        Raises:
            UnknownVersion: If there is no such version.
        """
        promoted, before = self.version(version), self.champion()
        if before is not None and before.version != promoted.version:
            self._versions.tag(version, {REPLACED: str(before.version)})
            self._versions.point(PREVIOUS, before.version)
        self._supersede(version)
        self._versions.decide(version, decision, reason)
        self._versions.point(CHAMPION, version)
        return self.version(version)

    def accept(self, version: int, reason: str, *, decision: str = ACCEPTED) -> RegisteredVersion:
        """Note that a version is to be published; no alias moves before it is.

        Args:
            version: Number of the version.
            reason: Why, in a sentence.
            decision: ``ACCEPTED``, or ``OVERRULED`` where a person overruled the gate.

        Raises:
            UnknownVersion: If there is no such version.
        """
        self.version(version)
        self._supersede(version)
        self._versions.decide(version, decision, reason)
        return self.version(version)

    def accepted(self) -> RegisteredVersion | None:
        """The version that is to be published and is not champion yet, or None; at most one waits."""
        waiting = [one for one in self.versions() if one.decision in DUE and CHAMPION not in one.aliases]
        return waiting[0] if waiting else None

    def refuse(self, version: int, reason: str) -> RegisteredVersion:
        """Keep the refusal and its reason with the version; no alias moves.

        Raises:
            UnknownVersion: If there is no such version.
        """
        self.version(version)
        self._versions.decide(version, REFUSED, reason)
        return self.version(version)

    def hold(self, version: int, reason: str) -> RegisteredVersion:
        """Keep with the version that a human has to decide on it, and why; no alias moves.

        Raises:
            UnknownVersion: If there is no such version.
        """
        self.version(version)
        self._versions.decide(version, HELD, reason)
        return self.version(version)

    def held(self) -> list[RegisteredVersion]:
        """The versions that wait for a human, the newest first."""
        return [one for one in self.versions() if one.decision == HELD]

    def refused_in_a_row(self) -> int:
        """How many of the newest judged versions were refused or held, none of them published."""
        judged = (one.decision for one in self.versions() if one.decision)
        return sum(1 for _ in takewhile(lambda decision: decision in (REFUSED, HELD), judged))

    def follow_rollback(self, published_version: int, reason: str, *, left: int | None) -> None:
        """Let the alias follow a rollback of the publication.

        Args:
            published_version: What is published again.
            reason: Why, in a sentence.
            left: What was published until then. It is marked as rolled back wherever the alias is, so that no mark
                of a publication cut short publishes it again; so is a version that a human has made champion.

        Raises:
            UnknownVersion: If the published version is not registered any more.
        """
        self.version(published_version)
        for one in self.versions():
            undone = one.version == left or (CHAMPION in one.aliases and one.decision in DUE)
            if undone and one.version != published_version:
                self._versions.decide(one.version, "rolled back", reason)
        self._versions.decide(published_version, "brought back", reason)
        self.set_champion(published_version)

    def set_champion(self, version: int) -> None:
        """Point ``champion`` at a version, and ``previous`` at the one it had replaced, if that still exists.

        Raises:
            UnknownVersion: If there is no such version.
        """
        one = self.version(version)
        self._versions.point(CHAMPION, version)
        if one.replaced is not None and any(other.version == one.replaced for other in self.versions()):
            self._versions.point(PREVIOUS, one.replaced)
        elif PREVIOUS in self._versions.aliases():
            self._versions.unpoint(PREVIOUS)

    def difference(self, published_version: int | None) -> str | None:
        """Say how the champion alias differs from the version the store publishes; None if it does not."""
        champion = self._versions.aliases().get(CHAMPION)
        if champion == published_version:
            return None
        if published_version is None:
            return f"champion is version {champion}, but nothing is published yet"
        if champion is None:
            return f"version {published_version} is published, but no version is champion"
        return f"version {published_version} is published, but champion is version {champion}"

    def repair(self, published_version: int) -> str | None:
        """Let the champion alias follow the published version.

        Returns:
            What was different before, or None if nothing was.

        Raises:
            UnknownVersion: If the published version is not registered any more.
        """
        before = self.difference(published_version)
        if before is not None:
            self.version(published_version)
            # first, for afterwards nobody sees a difference any more
            self._versions.decide(published_version, "repaired", before)
            self.set_champion(published_version)
        return before

    def honour(self, version: int, published_version: int, reason: str) -> None:
        """Note that a version is to be published because a human made it champion; the alias stays where it is.

        Args:
            version: The version the alias names now.
            published_version: What is still published, which becomes ``previous``.
            reason: Why, in a sentence.
        """
        self._versions.tag(version, {REPLACED: str(published_version)})
        self._versions.point(PREVIOUS, published_version)
        self._supersede(version)
        self._versions.decide(version, OVERRULED, reason)

    def send_back(self, version: int, published_version: int, reason: str) -> None:
        """Undo a human's move of the alias, with the reason on the version that cannot be published."""
        self._versions.decide(version, REFUSED, reason)
        self.set_champion(published_version)

    def prune(self, keep: int, *, protect: Collection[int] = ()) -> list[int]:
        """Delete old versions with their files.

        Args:
            keep: How many of the newest versions stay, >= 0; versions with an alias, and one that is to be
                published, stay in any case.
            protect: Further versions that must stay, such as the published one.

        Returns:
            The deleted versions, newest first.

        Raises:
            ValueError: If ``keep`` is negative.
        """
        if keep < 0:
            raise ValueError(f"keep must be at least 0, got {keep}")
        doomed = [
            one
            for one in self.versions()[keep:]
            if not one.aliases and one.decision not in DUE and one.version not in protect
        ]
        for one in doomed:
            self._versions.delete(one)
        return [one.version for one in doomed]

    def _under(self, alias: str) -> RegisteredVersion | None:
        at = self._versions.aliases().get(alias)
        return None if at is None else self.version(at)

    def _supersede(self, version: int) -> None:
        for one in self.versions():  # the champion too, which the alias leaves next
            due = one.decision in DUE and one.version != version
            # what was held was compared with a champion that is none any more
            held = one.decision == HELD and one.version < version
            if due or held:
                self._versions.decide(one.version, "superseded", f"version {version} took its place")

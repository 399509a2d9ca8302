"""How a value rests on disk: a folder with digests, written whole or not at all."""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Protocol

from orchestration.disk_errors import told

DIGESTS = "digests.json"
NAME = "artifact"  # entry of the digests that says whose they are


class ArtifactError(RuntimeError):
    """An artefact is missing or damaged; the message names it and the way out."""


class ArtifactNotWritten(ArtifactError):
    """An artefact could not be written, for instance because the disk is full; the one before it is kept."""


class Restable(Protocol):
    """A value that can write itself into an empty folder."""

    def save(self, directory: Path) -> None:
        """Write the files of this value into an existing empty folder."""
        ...


def write_artifact(folder: Path, value: Restable) -> int:
    """Write a value under ``folder``, replacing what was there only once everything is on disk.

    The value writes into a temporary sibling; every file is digested and synced; then the folder is renamed.
    A process killed at any moment leaves either the old artefact or the new one.

    Args:
        folder: The artefact's own folder.
        value: Anything with ``save(directory)``.

    Returns:
        The artefact's size in bytes.

    Raises:
        ArtifactNotWritten: If the disk is full or not writable; names the folder. Nothing is left behind.
    """
    try:
        return _write(folder, value)
    except OSError as error:
        raise ArtifactNotWritten(
            f"the artefact {_name(folder)} could not be written to {folder}: {told(error)}"
        ) from None


def _write(folder: Path, value: Restable) -> int:
    folder.parent.mkdir(parents=True, exist_ok=True)
    recover(folder)
    for stale in folder.parent.glob(f".{folder.name}.writing-*"):
        shutil.rmtree(stale)
    temporary = folder.parent / f".{folder.name}.writing-{os.getpid()}"
    temporary.mkdir()
    try:
        value.save(temporary)
        digests = {
            str(f.relative_to(temporary)): _digest(f) for f in sorted(temporary.rglob("*")) if f.is_file()
        }
        (temporary / DIGESTS).write_text(json.dumps({NAME: _name(folder), **digests}, indent=1))
        for file in temporary.rglob("*"):
            _sync(file)
        _sync(temporary)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    retired = _retired(folder)
    if folder.exists():
        folder.rename(retired)
    temporary.rename(folder)
    _sync(folder.parent)
    _clear(retired)
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())


def check_artifact(folder: Path) -> None:
    """Refuse an artefact that is not there whole, or is another one's.

    Raises:
        ArtifactError: If the folder or one of its files is missing, a file's digest differs, or the folder was
            written as the artefact of another station or snapshot.
    """
    recover(folder)
    name = _name(folder)
    if not (folder / DIGESTS).is_file():
        raise ArtifactError(
            f"the artefact {name} is missing ({folder}); run `coldcast retrain`, which rebuilds missing stations, "
            f"or materialize it in the UI"
        )
    digests = _read_digests(folder)
    owner = digests.pop(NAME, name)
    if owner != name:
        raise ArtifactError(
            f"the folder of the artefact {name} holds {owner}: somebody moved it; delete {folder} and run "
            "`coldcast retrain`"
        )
    for file, digest in digests.items():
        if not (folder / file).is_file():
            raise ArtifactError(
                f"the artefact {name} lacks its file {file}; delete {folder} and run `coldcast retrain`"
            )
        if _digest(folder / file) != digest:
            raise ArtifactError(
                f"the artefact {name} is damaged: {file} no longer has the digest it was written with; "
                f"delete {folder} and run `coldcast retrain`"
            )


def recover(folder: Path) -> None:
    """Finish or undo a replacement that was killed between its two renames."""
    retired = _retired(folder)
    if retired.exists():
        if folder.exists():
            _clear(retired)
        else:
            retired.rename(folder)


def _clear(retired: Path) -> None:
    """Delete what was replaced; a process that looks at the artefact may be about the same."""
    shutil.rmtree(retired, ignore_errors=True)


def _retired(folder: Path) -> Path:
    return folder.parent / f".{folder.name}.retired"


def _name(folder: Path) -> str:
    return f"{folder.parent.name}/{folder.name}"


def _read_digests(folder: Path) -> dict[str, str]:
    try:
        digests: dict[str, str] = json.loads((folder / DIGESTS).read_text(encoding="utf-8"))
    except ValueError:  # neither UTF-8 nor JSON any more
        raise ArtifactError(
            f"the artefact {_name(folder)} is damaged: its {DIGESTS} cannot be read; "
            f"delete {folder} and run `coldcast retrain`"
        ) from None
    return digests


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

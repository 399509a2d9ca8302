"""An artefact is there whole or not at all."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from orchestration.artifact_folder import ArtifactError, ArtifactNotWritten, check_artifact, write_artifact


class Words:
    """A value of one file."""

    def __init__(self, words: str) -> None:
        self.words = words

    def save(self, directory: Path) -> None:
        (directory / "words.txt").write_text(self.words)


class Broken(Words):
    """Dies of a full disk after its first file."""

    def save(self, directory: Path) -> None:
        super().save(directory)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "asset" / "key"


def test_what_was_written_is_whole(folder: Path) -> None:
    assert write_artifact(folder, Words("one")) > 0
    check_artifact(folder)
    assert (folder / "words.txt").read_text() == "one"


def test_writing_again_replaces_and_leaves_nothing_else(folder: Path) -> None:
    write_artifact(folder, Words("one"))
    write_artifact(folder, Words("two"))
    assert (folder / "words.txt").read_text() == "two"
    assert [p.name for p in folder.parent.iterdir()] == ["key"]


def test_a_full_disk_keeps_the_old_artefact_and_leaves_nothing_behind(folder: Path) -> None:
    write_artifact(folder, Words("old"))
    with pytest.raises(ArtifactNotWritten) as refused:
        write_artifact(folder, Broken("new"))
    assert str(refused.value) == (
        f"the artefact asset/key could not be written to {folder}: No space left on device. "
        "Free disk space and start the same command again; what was finished is kept whole"
    )
    check_artifact(folder)
    assert (folder / "words.txt").read_text() == "old"
    assert [p.name for p in folder.parent.iterdir()] == ["key"]


def test_one_flipped_byte_is_found_and_named(folder: Path) -> None:
    write_artifact(folder, Words("one"))
    (folder / "words.txt").write_text("onf")
    with pytest.raises(ArtifactError, match=r"asset/key is damaged: words\.txt"):
        check_artifact(folder)


def test_a_missing_file_and_a_missing_folder_are_named(folder: Path) -> None:
    with pytest.raises(ArtifactError, match="asset/key is missing"):
        check_artifact(folder)
    write_artifact(folder, Words("one"))
    (folder / "words.txt").unlink()
    with pytest.raises(ArtifactError, match=r"lacks its file words\.txt"):
        check_artifact(folder)


def test_a_replacement_killed_between_its_renames_is_undone(folder: Path) -> None:
    write_artifact(folder, Words("old"))
    folder.rename(folder.parent / ".key.retired")
    check_artifact(folder)
    assert (folder / "words.txt").read_text() == "old"


def test_a_writer_killed_in_mid_write_leaves_the_old_artefact(folder: Path) -> None:
    write_artifact(folder, Words("old"))
    script = textwrap.dedent(
        f"""
        import time
        from pathlib import Path
        from orchestration.artifact_folder import write_artifact

        class Slow:
            def save(self, directory):
                (directory / "words.txt").write_text("new")
                print("writing", flush=True)
                time.sleep(60)

        write_artifact(Path({str(folder)!r}), Slow())
        """
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    check_artifact(folder)
    assert (folder / "words.txt").read_text() == "old"
    write_artifact(folder, Words("next"))
    assert [p.name for p in folder.parent.iterdir()] == ["key"]


def test_a_reader_that_clears_away_at_the_same_moment_disturbs_nobody(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sensor looks at what the watch measured while another process writes it."""
    write_artifact(folder, Words("old"))
    remove = shutil.rmtree

    def after_the_other(path: Path, ignore_errors: bool = False) -> None:
        remove(path)
        remove(path, ignore_errors)

    monkeypatch.setattr(shutil, "rmtree", after_the_other)
    write_artifact(folder, Words("new"))
    shutil.copytree(folder, folder.parent / ".key.retired")
    check_artifact(folder)
    monkeypatch.undo()
    assert (folder / "words.txt").read_text() == "new"
    assert [p.name for p in folder.parent.iterdir()] == ["key"]


def test_an_artefact_in_another_ones_place_is_refused_by_name(folder: Path) -> None:
    write_artifact(folder, Words("one"))
    other = folder.parent / "other"
    folder.rename(other)
    with pytest.raises(ArtifactError, match="the folder of the artefact asset/other holds asset/key"):
        check_artifact(other)


def test_digests_that_cannot_be_read_are_damage(folder: Path) -> None:
    write_artifact(folder, Words("one"))
    for content in (b"\xff", b"{", b""):
        (folder / "digests.json").write_bytes(content)
        with pytest.raises(ArtifactError, match=r"asset/key is damaged: its digests\.json cannot be read"):
            check_artifact(folder)

from __future__ import annotations

import hashlib
import io
import re
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from data.errors import InputError
from data.readers.download import SOURCES, RemoteFile, download

USERS, TITLES, RATINGS = b"1 0", b"An X", b"userId,movieId\n"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The folder that the local server serves."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "users.dat").write_bytes(USERS)
    (folder / "citeutitles.txt").write_bytes(TITLES)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as held:
        held.writestr("small/ratings.csv", RATINGS)
        held.writestr("small/tags.csv", b"never unpacked")
    (folder / "small.zip").write_bytes(archive.getvalue())
    return folder


@pytest.fixture
def server(site: Path) -> Iterator[ThreadingHTTPServer]:
    served = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    served.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=served.serve_forever, args=(0.01,))
    thread.start()
    yield served
    served.shutdown()
    served.server_close()
    thread.join()


@pytest.fixture
def base_url(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"


FILES = {
    "citeulike": (
        RemoteFile("http://unused", "users.dat", "users.dat", sha256(USERS)),
        RemoteFile("http://unused", "citeutitles.txt", "titles.txt", sha256(TITLES)),
    ),
    "movielens": (
        RemoteFile("http://unused", "small.zip", "small.zip", members={"small/ratings.csv": sha256(RATINGS)}),
    ),
}


def fetch(name: str, directory: Path, base_url: str, **changes: object) -> list[Path]:
    return download(name, directory, base_url=base_url, sources={**FILES, **changes})  # type: ignore[dict-item,arg-type]


def test_files_arrive_under_the_names_readers_know(
    tmp_path: Path, base_url: str, server: ThreadingHTTPServer
) -> None:
    found = fetch("citeulike", tmp_path / "new" / "folder", base_url)
    assert [path.name for path in found] == ["users.dat", "titles.txt"]
    assert found[1].read_bytes() == TITLES
    fetch("citeulike", tmp_path / "new" / "folder", base_url)
    assert len(server.asked) == 2  # type: ignore[attr-defined]  # nothing was fetched twice


def test_archives_are_unpacked_and_checked(tmp_path: Path, base_url: str) -> None:
    found = fetch("movielens", tmp_path, base_url)
    assert [path.name for path in found] == ["ratings.csv"]
    assert found[0].read_bytes() == RATINGS
    assert not (tmp_path / "tags.csv").exists()


def test_other_bytes_are_refused_and_not_kept(tmp_path: Path, base_url: str, site: Path) -> None:
    (site / "users.dat").write_bytes(b"1 1")
    with pytest.raises(
        InputError, match=rf"{re.escape(base_url)}/users\.dat: not the known file .*copy you trust"
    ):
        fetch("citeulike", tmp_path / "here", base_url)
    assert not (tmp_path / "here" / "users.dat").exists()
    wrong = RemoteFile("http://unused", "small.zip", "small.zip", members={"small/ratings.csv": "0" * 64})
    with pytest.raises(InputError, match=r"small/ratings\.csv: not the known file \(expected sha256 000"):
        fetch("movielens", tmp_path / "there", base_url, movielens=(wrong,))
    assert not (tmp_path / "there" / "ratings.csv").exists()


def test_a_broken_archive_is_removed(tmp_path: Path, base_url: str, site: Path) -> None:
    (site / "small.zip").write_bytes(b"PK, and no more")
    with pytest.raises(
        InputError, match=r"small\.zip: broken archive .*, removed\. Remedy: download it again"
    ):
        fetch("movielens", tmp_path, base_url)
    assert not (tmp_path / "small.zip").exists()


def test_an_archive_with_other_files_is_fetched_again(tmp_path: Path, base_url: str, site: Path) -> None:
    right = (site / "small.zip").read_bytes()
    with zipfile.ZipFile(site / "small.zip", "w") as held:
        held.writestr("small/ratings.csv", b"another file")
    with pytest.raises(InputError, match=r"small/ratings\.csv: not the known file .*try again"):
        fetch("movielens", tmp_path / "here", base_url)
    assert list((tmp_path / "here").iterdir()) == []
    (site / "small.zip").write_bytes(right)
    (found,) = fetch("movielens", tmp_path / "here", base_url)
    assert found.read_bytes() == RATINGS


def test_what_cannot_be_fetched_names_the_address(tmp_path: Path, base_url: str, site: Path) -> None:
    (site / "users.dat").unlink()
    with pytest.raises(
        InputError, match=rf"{re.escape(base_url)}/users\.dat: cannot be fetched \(404.*--from"
    ):
        fetch("citeulike", tmp_path, base_url)
    with pytest.raises(
        InputError, match=r"http://127\.0\.0\.1:1/users\.dat: cannot be fetched .*check the network"
    ):
        fetch("citeulike", tmp_path, "http://127.0.0.1:1")
    with pytest.raises(
        InputError, match=r"unknown data set 'netflix'\. Remedy: choose one of citeulike, movielens"
    ):
        fetch("netflix", tmp_path, base_url)


@pytest.mark.real_data
def test_the_digests_are_those_of_the_files_in_use(shared_data: Path) -> None:
    folders = {
        "citeulike": "citeulike-a",
        "movielens": "ml-latest-small",
        "movietweetings": "movietweetings-100k",
    }
    for name, remotes in SOURCES.items():
        for remote in remotes:
            known = remote.members or {remote.name: remote.sha256}
            for inside, digest in known.items():
                path = shared_data / folders[name] / Path(inside).name
                assert sha256(path.read_bytes()) == digest, path

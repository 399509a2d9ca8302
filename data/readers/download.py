"""Downloads the public data sets into a folder that the readers understand.

None of the addresses below was verified against a live server, nor that the files behind them have the
bytes of the digests here; the digests are those of copies in use. A digest that does not match stops the
download, and nothing is left behind under the file's name, nor the archive it was in.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

from data.errors import InputError

DownloadName = Literal["citeulike", "movielens", "movietweetings"]
GITHUB = "https://raw.githubusercontent.com"
GROUPLENS = "https://files.grouplens.org"
TIMEOUT_S = 60

OnDownload = Callable[[str], None]


@dataclass(frozen=True)
class RemoteFile:
    """A file to fetch.

    Args:
        base: Scheme and host.
        path: Below it.
        name: What it is called here; the archive's own name for an archive.
        sha256: Hex digest, None where it is unknown.
        members: Of an archive, digest by the path inside it; the files are unpacked without their folders.
    """

    base: str
    path: str
    name: str
    sha256: str | None = None
    members: Mapping[str, str] | None = None


SOURCES: Mapping[DownloadName, tuple[RemoteFile, ...]] = MappingProxyType(
    {
        "citeulike": (
            RemoteFile(
                GITHUB,
                "js05212/citeulike-a/master/users.dat",
                "users.dat",
                "53211d82c14ff261e595634d285ed9fbf8049cf81dcb751d924d695b9612a02c",
            ),
            RemoteFile(
                GITHUB,
                "ericproffitt/TopicModelsVB.jl/master/datasets/citeu/citeutitles.txt",
                "titles.txt",
                "bd4a62711f732185595348c06e6a5baa470e1ee4f61b981f13b25e1822d1e7ed",
            ),
        ),
        "movielens": (
            RemoteFile(
                GROUPLENS,
                "datasets/movielens/ml-latest-small.zip",
                "ml-latest-small.zip",
                members=MappingProxyType(
                    {
                        "ml-latest-small/README.txt": (
                            "63d22ac138e80fae37021797ed8e1b9424b5239dc576a137422adf783ae3f404"
                        ),
                        "ml-latest-small/movies.csv": (
                            "c47b783f23eb304413307e1bb05335e427737da20ec8d3c0e96335567dd5f3dc"
                        ),
                        "ml-latest-small/ratings.csv": (
                            "e21ad9f97dc3c2a1b49bdb14611a120333e92c4bd09fdaf9854b398155b4b14b"
                        ),
                    }
                ),
            ),
        ),
        "movietweetings": (
            RemoteFile(
                GITHUB,
                "sidooms/MovieTweetings/master/snapshots/100K/ratings.dat",
                "ratings.dat",
                "c0dd868c2632d10002ebc928ddc5345f33adeaa59eca52c2941c26a2c5e36fd6",
            ),
            RemoteFile(
                GITHUB,
                "sidooms/MovieTweetings/master/snapshots/100K/movies.dat",
                "movies.dat",
                "e63fb84bc734e3c574f135634a40d3cbafab22b8f94f5fc0b80f80d1d2076efc",
            ),
        ),
    }
)


def download(
    name: DownloadName,
    directory: Path,
    *,
    base_url: str | None = None,
    sources: Mapping[DownloadName, tuple[RemoteFile, ...]] = SOURCES,
    on_file: OnDownload | None = None,
) -> list[Path]:
    """Fetch a public data set; files that are there with the right digest are not fetched again.

    Args:
        name: Which one.
        directory: Where its files go; made if it is not there.
        base_url: Scheme and host of a mirror with the same paths.
        sources: What to fetch.
        on_file: Told each address before it is fetched.

    Returns:
        The files a reader needs.

    Raises:
        InputError: If the name is unknown, the server cannot be reached or refuses, or a digest differs;
            the message names the address.
    """
    if name not in sources:
        known = ", ".join(get_args(DownloadName))
        raise InputError(f"unknown data set {name!r}. Remedy: choose one of {known}")
    directory.mkdir(parents=True, exist_ok=True)
    found: list[Path] = []
    for remote in sources[name]:
        url = f"{(base_url or remote.base).rstrip('/')}/{remote.path}"
        if on_file is not None:
            on_file(url)
        path = _fetched(url, remote, directory)
        found += [path] if remote.members is None else _unpacked(path, remote.members, directory)
    return found


def _fetched(url: str, remote: RemoteFile, directory: Path) -> Path:
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")
    known = None if remote.sha256 is None else f"sha256:{remote.sha256}"
    try:
        path = pooch.retrieve(
            url,
            known,
            fname=remote.name,
            path=directory,
            downloader=pooch.HTTPDownloader(timeout=TIMEOUT_S),
        )
    except requests.RequestException as error:
        remedy = "check the network, or fetch the file by hand and import it with --from"
        raise InputError(f"{url}: cannot be fetched ({error}). Remedy: {remedy}") from error
    except ValueError as error:
        raise _wrong_digest(url, error) from error
    return Path(path)


def _unpacked(archive: Path, members: Mapping[str, str], directory: Path) -> list[Path]:
    try:
        with zipfile.ZipFile(archive) as held:
            return [_member(held, inside, sha256, directory) for inside, sha256 in members.items()]
    except (zipfile.BadZipFile, KeyError) as error:
        archive.unlink()
        raise InputError(
            f"{archive}: broken archive ({error}), removed. Remedy: download it again"
        ) from error
    except InputError:
        archive.unlink()  # or it would be taken for fetched when tried again
        raise


def _member(held: zipfile.ZipFile, inside: str, sha256: str, directory: Path) -> Path:
    content = held.read(inside)
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise _wrong_digest(f"{held.filename}: {inside}", f"expected sha256 {sha256}, got {found}")
    target = directory / Path(inside).name
    handle, temporary = tempfile.mkstemp(dir=directory)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    os.replace(temporary, target)
    return target


def _wrong_digest(what: str, reason: object) -> InputError:
    remedy = "the source has changed or the copy broke off; try again, or import a copy you trust with --from"
    return InputError(f"{what}: not the known file ({reason}). Remedy: {remedy}")

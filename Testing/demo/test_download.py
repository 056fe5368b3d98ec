"""The archive is fetched whole or not at all, from a server on this machine that can be told to misbehave."""

from __future__ import annotations

import hashlib
import http.server
import io
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from DualSSLSegLib.demo.download import DownloadFailed, fetch, unpack
from DualSSLSegLib.errors import BadInput

CONTENT = bytes(range(256)) * 4096
MD5 = hashlib.md5(CONTENT).hexdigest()


class ArchiveServer(http.server.ThreadingHTTPServer):
    """Serves CONTENT at /archive.tar, with byte ranges; `cut_after` bytes it breaks each connection."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = CONTENT
        self.cut_after: int | None = None
        self.honours_ranges = True
        self.ranges: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/archive.tar"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: ArchiveServer

    def do_GET(self) -> None:
        if self.path != "/archive.tar":
            self.send_error(404)
            return
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.server.honours_ranges else 0
        if start and start >= len(self.server.content):
            self.send_error(416)
            return
        body = self.server.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if self.server.cut_after is None else body[: self.server.cut_after])

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the test's output is for the test."""


@pytest.fixture
def server() -> Iterator[ArchiveServer]:
    with ArchiveServer() as archive_server:
        thread = threading.Thread(target=archive_server.serve_forever, args=(0.02,))
        thread.start()
        yield archive_server
        archive_server.shutdown()
        thread.join()


def test_a_download_reports_its_progress_and_is_not_repeated(server: ArchiveServer, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    target = fetch(server.url, tmp_path / "a.tar", MD5, progress=lambda done, of: seen.append((done, of)))
    assert target.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    fetch(server.url, target, MD5)
    assert len(server.ranges) == 1


def test_a_broken_connection_is_taken_up_where_it_ended(server: ArchiveServer, tmp_path: Path) -> None:
    server.cut_after = len(CONTENT) // 3
    assert fetch(server.url, tmp_path / "a.tar", MD5).read_bytes() == CONTENT
    assert server.ranges[0] is None
    assert server.ranges[1] == f"bytes={len(CONTENT) // 3}-"


def test_an_interrupted_download_goes_on_in_the_next_call(server: ArchiveServer, tmp_path: Path) -> None:
    server.cut_after = 1000
    with pytest.raises(DownloadFailed, match="ended early"):
        fetch(server.url, tmp_path / "a.tar", MD5)
    assert not (tmp_path / "a.tar").exists()
    kept = (tmp_path / "a.tar.part").stat().st_size
    assert kept == 4000
    server.cut_after = None
    assert fetch(server.url, tmp_path / "a.tar", MD5).read_bytes() == CONTENT
    assert server.ranges[-1] == f"bytes={kept}-"
    assert not (tmp_path / "a.tar.part").exists()


def test_a_server_without_ranges_sends_everything_again(server: ArchiveServer, tmp_path: Path) -> None:
    (tmp_path / "a.tar.part").write_bytes(CONTENT[:5000])
    server.honours_ranges = False
    assert fetch(server.url, tmp_path / "a.tar", MD5).read_bytes() == CONTENT


def test_a_kept_part_of_another_archive_is_replaced(server: ArchiveServer, tmp_path: Path) -> None:
    (tmp_path / "a.tar.part").write_bytes(b"something else entirely")
    assert fetch(server.url, tmp_path / "a.tar", MD5).read_bytes() == CONTENT


def test_a_kept_part_longer_than_the_archive_is_replaced(server: ArchiveServer, tmp_path: Path) -> None:
    (tmp_path / "a.tar.part").write_bytes(CONTENT + b"more")
    assert fetch(server.url, tmp_path / "a.tar", MD5).read_bytes() == CONTENT


def test_a_wrong_checksum_leaves_nothing_behind(server: ArchiveServer, tmp_path: Path) -> None:
    server.content = b"an error page that says 200"
    with pytest.raises(DownloadFailed, match="not the expected archive") as refusal:
        fetch(server.url, tmp_path / "a.tar", MD5)
    assert server.url in str(refusal.value)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_archive_is_named(server: ArchiveServer, tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match="404"):
        fetch(server.url.replace("archive", "nothing"), tmp_path / "a.tar", MD5)
    assert list(tmp_path.iterdir()) == []


def test_no_network_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match="did not succeed"):
        fetch("http://127.0.0.1:9/archive.tar", tmp_path / "a.tar", MD5)


def _tar(path: Path, *members: tuple[str, bytes | None]) -> Path:
    """A tar of files; content None makes a symbolic link to /etc/passwd."""
    with tarfile.open(path, "w") as tar:
        for name, content in members:
            member = tarfile.TarInfo(name)
            if content is None:
                member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return path


def test_unpacking_keeps_the_files_and_drops_macos_companions(tmp_path: Path) -> None:
    archive = _tar(tmp_path / "a.tar", ("Task/images/a.nii.gz", b"scan"), ("Task/images/._a.nii.gz", b"junk"))
    folder = unpack(archive, tmp_path / "out")
    assert [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()] == [
        str(Path("Task/images/a.nii.gz"))
    ]
    assert unpack(archive, folder) == folder


@pytest.mark.parametrize(
    "name, content", [("../outside", b"x"), ("/absolute", b"x"), ("a/link", None), ("C:\\x", b"x")]
)
def test_an_archive_cannot_write_outside_its_folder(tmp_path: Path, name: str, content: bytes | None) -> None:
    archive = _tar(tmp_path / "a.tar", ("good", b"x"), (name, content))
    with pytest.raises(BadInput, match="not a plain file"):
        unpack(archive, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar"]


def test_a_truncated_archive_is_refused_whole(tmp_path: Path) -> None:
    archive = _tar(tmp_path / "a.tar", ("first", b"x" * 2000), ("second", b"y" * 5000))
    archive.write_bytes(archive.read_bytes()[:4500])
    with pytest.raises(BadInput, match="damaged"):
        unpack(archive, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar"]

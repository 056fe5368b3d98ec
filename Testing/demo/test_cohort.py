"""Which scans the demo takes, and that it always says so."""

from __future__ import annotations

import hashlib
import http.server
import io
import json
import os
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from DualSSLSegLib.demo import cohort as cohort_module
from DualSSLSegLib.demo.cohort import DATA_VARIABLE, choose, from_folder
from DualSSLSegLib.errors import BadInput

NOWHERE = ("http://127.0.0.1:9/archive.tar", "0" * 32)


def _data_set(folder: Path, **changes: object) -> Path:
    splits: dict[str, object] = {
        "description": "Invented scans.",
        "labels": {"0": "background", "1": "head", "2": "tail"},
        "labelled_4": ["a", "b", "c", "d"],
        "unlabelled": ["e", "f"],
        "validation_2": ["g", "h"],
        **changes,
    }
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
        for case in "abcdefgh":
            (folder / part / f"{case}.nii.gz").write_bytes(b"scan")
    (folder / "splits.json").write_text(json.dumps(splits))
    return folder


def test_a_folder_of_real_scans_is_taken_as_its_splits_say(tmp_path: Path) -> None:
    _data_set(tmp_path / "mine")
    found = choose("mine", tmp_path / "demo", {DATA_VARIABLE: str(tmp_path)}, say=print)
    assert (found.labelled, found.unlabelled, found.held_back) == (tuple("abcd"), ("e", "f"), ("g", "h"))
    assert found.structures == ("head", "tail")
    assert not found.generated
    assert found.line.startswith("Data: real scans, 8 from the set 'mine'. Invented scans.")
    assert found.images["a"] == tmp_path / "mine" / "images" / "a.nii.gz"
    assert not (tmp_path / "demo").exists()


def test_with_a_data_folder_named_there_is_never_a_phantom(tmp_path: Path) -> None:
    _data_set(tmp_path / "mine")
    with pytest.raises(BadInput, match=r"no data set 'hippocampus'.*There are: mine"):
        choose("hippocampus", tmp_path / "demo", {DATA_VARIABLE: str(tmp_path)}, say=print)
    with pytest.raises(BadInput, match=DATA_VARIABLE):
        choose("hippocampus", tmp_path / "demo", {DATA_VARIABLE: str(tmp_path / "absent")}, say=print)


@pytest.mark.parametrize(
    "changes, complaint",
    [
        ({"labelled_4": []}, "labelled_4"),
        ({"labels": {"0": "background", "2": "tail"}}, "without gaps"),
        ({"unlabelled": ["a", "e"]}, "two splits: a"),
        ({"unlabelled": ["e", "x"]}, "x.nii.gz"),
    ],
)
def test_a_wrong_data_set_is_refused_with_the_reason(
    tmp_path: Path, changes: dict[str, object], complaint: str
) -> None:
    with pytest.raises(BadInput, match=complaint):
        from_folder(_data_set(tmp_path / "mine", **changes), "mine")


def test_a_packed_data_set_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(BadInput, match=r"no folder images/.*unpack"):
        from_folder(tmp_path / "mine", "mine")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A small archive laid out like the public one, served on this machine: (address, MD5)."""
    served = tmp_path / "served"
    served.mkdir()
    with tarfile.open(served / "archive.tar", "w") as tar:
        for number in range(1, 41):
            for part in ("imagesTr", "labelsTr", "imagesTr/._"):
                name = f"Task04_Hippocampus/{part}/hippocampus_{number:03d}.nii.gz".replace("._/", "._")
                member = tarfile.TarInfo(name)
                member.size = 4
                tar.addfile(member, io.BytesIO(b"scan"))
    md5 = hashlib.md5((served / "archive.tar").read_bytes()).hexdigest()
    handler = partial(_Quiet, directory=os.fspath(served))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/archive.tar", md5
        server.shutdown()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Silent: the test's output is for the test."""


def test_without_a_data_folder_the_public_archive_is_fetched(
    tmp_path: Path, archive: tuple[str, str]
) -> None:
    said: list[str] = []
    found = choose("hippocampus", tmp_path / "demo", {}, say=said.append, archive=archive)
    assert not found.generated
    assert "downloaded and checked" in found.line
    assert said == [f"Fetching real scans: {archive[0]}"]
    assert len(found.labelled) == 4
    subjects = [
        {(int(case[-3:]) + 1) // 2 for case in group}
        for group in (found.labelled, found.unlabelled, found.held_back)
    ]
    assert not subjects[0] & subjects[1]
    assert not subjects[1] & subjects[2]
    assert not subjects[0] & subjects[2]
    said.clear()
    again = choose("hippocampus", tmp_path / "demo", {}, say=said.append, archive=NOWHERE)
    assert again == found
    assert said == []


def test_offline_a_phantom_is_generated_and_named_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cohort_module, "_PHANTOM_SCANS", 7)
    monkeypatch.setattr(cohort_module, "_PHANTOM_HELD_BACK", 2)
    said: list[str] = []
    found = choose("hippocampus", tmp_path, {}, say=said.append, archive=NOWHERE)
    assert found.generated
    assert found.line.startswith("Data: a GENERATED PHANTOM, not real scans")
    assert "did not succeed" in found.line
    assert len(found.cases) == len(set(found.cases)) == 7
    assert all(path.is_file() for path in (*found.images.values(), *found.references.values()))
    assert any("No real scans" in line for line in said)


def test_a_wrong_archive_is_not_used(tmp_path: Path, archive: tuple[str, str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cohort_module, "_PHANTOM_SCANS", 7)
        patch.setattr(cohort_module, "_PHANTOM_HELD_BACK", 2)
        found = choose("hippocampus", tmp_path / "demo", {}, say=print, archive=(archive[0], "0" * 32))
    assert found.generated
    assert not list((tmp_path / "demo").glob("*.tar"))


def test_another_set_needs_a_data_folder(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=f"'la'.*{DATA_VARIABLE} is not set"):
        choose("la", tmp_path, {}, say=print, archive=NOWHERE)


@pytest.mark.real
def test_the_real_hippocampus_set_is_complete() -> None:
    root = os.environ.get(DATA_VARIABLE)
    if not root:
        pytest.skip(f"{DATA_VARIABLE} is not set")
    found = from_folder(Path(root) / "hippocampus", "hippocampus")
    assert found.structures == ("anterior hippocampus", "posterior hippocampus")
    assert (len(found.labelled), len(found.unlabelled), len(found.held_back)) == (4, 122, 40)

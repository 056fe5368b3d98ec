"""Which files are scans, what cases are called, and fingerprints by content."""

from __future__ import annotations

import pytest
from support.dicom_files import write_series
from support.grids import blob, turned_grid

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.digest import file_digest
from DualSSLSegLib.imaging.formats import is_dicom_folder, is_scan_file, stem_of, suffix_of


@pytest.mark.parametrize(
    ("name", "stem", "scan"),
    [
        ("a.nii.gz", "a", True), ("a.b.nii.gz", "a.b", True), ("A.NII.GZ", "A", True), ("x.nii", "x", True),
        ("x.nrrd", "x", True), ("x.mha", "x", True), ("x.seg.nrrd", "x", False), (".x.nii.gz", ".x", False),
        (".nii.gz", "", False), ("x.txt", "x.txt", False), ("脳 1.nii.gz", "脳 1", True), ("folder", "folder", False),
    ],
)  # fmt: skip
def test_names(name, stem, scan):
    assert stem_of(f"/some/where/{name}") == stem
    assert is_scan_file(f"/some/where/{name}") is scan
    assert suffix_of("x.seg.nrrd") == ".seg.nrrd"


def test_dicom_folders_are_known_by_content(tmp_path):
    grid = turned_grid((4, 4, 4), (1, 1, 1))
    paths = write_series(tmp_path / "a" / "series", blob(turned_grid((8, 8, 4), (1, 1, 1))), grid)
    assert is_dicom_folder(tmp_path / "a" / "series")
    assert not is_dicom_folder(tmp_path / "a")
    for path in paths:
        path.rename(path.with_suffix(""))
    assert is_dicom_folder(tmp_path / "a" / "series")
    assert not is_dicom_folder(tmp_path / "missing")
    assert not is_dicom_folder(paths[0].with_suffix(""))


def test_a_digest_follows_content_and_order_and_not_names(tmp_path):
    a, b = tmp_path / "a.nii", tmp_path / "b.nii"
    a.write_bytes(b"one")
    b.write_bytes(b"two")
    first = file_digest([a, b])
    assert len(first) == 64 and first != file_digest([b, a])
    assert file_digest(a) == file_digest([a])
    moved = a.rename(tmp_path / "c.nii")
    assert file_digest([moved, b]) == first
    joined = tmp_path / "d.nii"
    joined.write_bytes(b"onetwo")
    assert file_digest([joined]) != first
    folder = tmp_path / "series"
    folder.mkdir()
    (folder / "1.dcm").write_bytes(b"one")
    before = file_digest([folder])
    (folder / ".hidden").write_bytes(b"x")
    (folder / "report").mkdir()
    (folder / "report" / "page.dcm").write_bytes(b"no slice of this series")
    assert file_digest([folder]) == before
    (folder / "2.dcm").write_bytes(b"two")
    assert file_digest([folder]) != before
    with pytest.raises(BadInput, match=r"gone\.nii"):
        file_digest([tmp_path / "gone.nii"])

"""The volume cache: filled once, found again, never half there, free to be deleted."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
from support.drives import virus_scanner
from support.tiny_scans import SHAPE, STRUCTURES, tiny_grid, tiny_scan, write_tiny_scan

from DualSSLSegLib.errors import BadInput, RunFailed
from DualSSLSegLib.imaging.digest import file_digest
from DualSSLSegLib.imaging.intensity import plan_intensity
from DualSSLSegLib.imaging.read import read_image
from DualSSLSegLib.imaging.resample import from_working
from DualSSLSegLib.imaging.write import write_label, write_map
from DualSSLSegLib.training.cases import TrainingCase
from DualSSLSegLib.training.sampling import crop
from DualSSLSegLib.worker import cache as cache_module
from DualSSLSegLib.worker.cache import VolumeCache
from DualSSLSegLib.worker.label_table import structures_from, to_class_indices, to_label_values
from DualSSLSegLib.worker.planning import size_on_working_axes

TABLE = structures_from(STRUCTURES)
NATIVE = (1.0, 1.0, 1.25)


@pytest.fixture
def scan(tmp_path):
    return write_tiny_scan(tmp_path / "scans", "a", 1, label_folder=tmp_path / "labels")


@pytest.fixture
def cache(tmp_path, scan):
    plan = plan_intensity([read_image([scan], "a").array])
    return VolumeCache(tmp_path / "cache", NATIVE, plan)


def test_a_scan_is_prepared_once_and_found_again(cache, scan, monkeypatch):
    first = cache.image("a", [scan])
    assert first.image.dtype == np.float16 and first.image.shape == (1, *SHAPE)
    assert isinstance(first.image.array(), np.memmap) and not first.image.array().flags.writeable
    assert abs(float(first.image.array().mean(dtype=np.float64))) < 0.05
    assert first.source.same_as(tiny_grid(1)) and first.working.axis_codes() == "RAS"
    monkeypatch.setattr(cache_module, "read_image", None)  # reading again would fail
    again = cache.image("renamed", [scan], file_digest([scan]))
    assert again.folder == first.folder and np.array_equal(again.image, first.image)


def test_a_scan_that_is_being_scanned_for_viruses_is_prepared_all_the_same(cache, scan):
    with virus_scanner():
        image = cache.image("a", [scan])
    assert [path.name for path in cache.folder.iterdir()] == [image.folder.name]


def test_a_label_becomes_class_indices_on_the_working_grid_and_finds_its_way_back(cache, scan, tmp_path):
    image = cache.image("a", [scan])
    label = cache.label(image, tmp_path / "labels" / "a.nii.gz", TABLE)
    assert label.shape == image.image.shape[1:] and set(np.unique(np.asarray(label))) == {0, 1, 2}
    back = to_label_values(from_working(label.array(), image.working, image.source, label=True), TABLE)
    assert np.array_equal(back, tiny_scan(1)[1])


def test_another_spacing_another_content_or_another_table_is_another_entry(cache, scan, tmp_path):
    image = cache.image("a", [scan])
    coarse = VolumeCache(cache.folder, (2.0, 2.0, 2.0), cache.intensity).image("a", [scan])
    other_scan = write_tiny_scan(tmp_path / "scans", "b", 2)
    folders = {image.folder, coarse.folder, cache.image("b", [other_scan]).folder}
    assert len(folders) == 3
    label = tmp_path / "labels" / "a.nii.gz"
    cache.label(image, label, TABLE)
    swapped = cache.label(image, label, TABLE[::-1])
    assert len(list(image.folder.glob("label-*.npy"))) == 2
    first = cache.label(image, label, TABLE)
    assert np.array_equal(swapped.array() == 2, first.array() == 1)


def test_what_is_cut_off_or_missing_is_made_again(cache, scan):
    image = cache.image("a", [scan])
    expected = np.array(image.image)
    for damage in ("image.npy", "grid.json"):
        path = image.folder / damage
        path.write_bytes(path.read_bytes()[:-10])
        assert np.array_equal(cache.image("a", [scan]).image, expected)
    assert [path.name for path in cache.folder.iterdir()] == [image.folder.name]


def test_prepared_scans_hold_no_open_files_and_one_that_went_away_is_named(cache, scan, tmp_path):
    before = open_files()
    image = cache.image("a", [scan])
    kept = [image.image, cache.label(image, tmp_path / "labels" / "a.nii.gz", TABLE)]
    kept_case = TrainingCase("a", image.image, NATIVE, kept[1])
    assert open_files() == before
    start, size = [2, 3, 4], [8, 8, 8]
    assert np.array_equal(crop(kept_case.image, start, size), crop(image.image.array(), start, size))
    (image.folder / "image.npy").unlink()
    with pytest.raises(RunFailed, match=r"image\.npy.*Resume the run"):
        crop(kept_case.image, start, size)


def open_files() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


def test_a_prepared_scan_that_cannot_be_opened_is_not_thrown_away(cache, scan, monkeypatch):
    image = cache.image("a", [scan])

    def too_many(*_args, **_kwargs):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(cache_module.np, "load", too_many)
    with pytest.raises(RunFailed, match="Too many open files"):
        cache.image("a", [scan])
    assert (image.folder / "image.npy").exists()


def test_a_bad_scan_or_label_leaves_nothing_behind(cache, scan, tmp_path):
    empty = tmp_path / "scans" / "empty.nii.gz"
    empty.touch()
    with pytest.raises(BadInput, match=r"empty\.nii\.gz"):
        cache.image("empty", [empty])
    assert not cache.folder.exists() or list(cache.folder.iterdir()) == []
    image = cache.image("a", [scan])
    with pytest.raises(BadInput, match="5"):
        cache.label(image, tmp_path / "labels" / "a.nii.gz", TABLE[:1])
    assert sorted(path.name for path in image.folder.iterdir()) == ["grid.json", "image.npy"]


def test_a_scan_or_label_replaced_since_the_start_is_refused_and_not_kept_under_the_name_of_the_old_one(
    cache, scan, tmp_path
):
    label = tmp_path / "labels" / "a.nii.gz"
    image_digest, label_digest = file_digest([scan]), file_digest([label])
    old_scan, old_label = scan.read_bytes(), label.read_bytes()
    other_image, other_label = tiny_scan(2)
    write_map(scan, other_image, tiny_grid(1))
    with pytest.raises(BadInput, match=r"a\.nii\.gz: this scan has been changed.*Start a new run"):
        cache.image("a", [scan], image_digest)
    assert not cache.folder.exists() or list(cache.folder.iterdir()) == []
    scan.write_bytes(old_scan)
    image = cache.image("a", [scan], image_digest)
    write_label(label, other_label, tiny_grid(1))
    with pytest.raises(BadInput, match=r"a\.nii\.gz: this label has been changed"):
        cache.label(image, label, TABLE, label_digest)
    label.write_bytes(old_label)
    assert np.asarray(cache.label(image, label, TABLE, label_digest)).any()


def test_drafts_of_killed_workers_are_removed_and_those_of_living_ones_are_not(cache):
    for name, age in ((".new-old", 7200), (".new-young", 60)):
        draft = cache.folder / name
        draft.mkdir(parents=True)
        (draft / "image.npy").touch()
        then = time.time() - age
        os.utime(draft, (then, then))
    VolumeCache(cache.folder, NATIVE, cache.intensity)
    assert [path.name for path in cache.folder.iterdir()] == [".new-young"]


def test_class_indices_and_label_values_are_each_others_inverse():
    values = np.array([[0, 1, 5, 5]], np.uint8)
    assert to_class_indices(values, TABLE).tolist() == [[0, 1, 2, 2]]
    assert np.array_equal(to_label_values(to_class_indices(values, TABLE), TABLE), values)
    with pytest.raises(BadInput, match="share one value"):
        structures_from([STRUCTURES[0], STRUCTURES[0]])
    with pytest.raises(BadInput, match="no structures"):
        structures_from([])


def test_sizes_are_told_in_the_axis_order_of_the_working_grid():
    grid = tiny_grid()
    swapped = type(grid)((20, 24, 28), grid.affine[:, [2, 0, 1, 3]])
    size = size_on_working_axes("a", swapped)
    assert size.shape == SHAPE and size.spacing_mm == pytest.approx(NATIVE)

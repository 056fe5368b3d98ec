"""Real scans, where they are at hand: hippocampus and left atrium MR, clinical DICOM series, planted
mistakes.
"""

from __future__ import annotations

import csv
import os
import runpy
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import SimpleITK as sitk
from support.other_writers import read_with_itk

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.formats import is_dicom_folder
from DualSSLSegLib.imaging.geometry import LPS_FROM_RAS
from DualSSLSegLib.imaging.intensity import normalise, plan_intensity
from DualSSLSegLib.imaging.labels import read_label
from DualSSLSegLib.imaging.read import read_grid, read_image
from DualSSLSegLib.imaging.resample import as_closest_ras, from_working, to_working
from DualSSLSegLib.imaging.write import write_label

pytestmark = pytest.mark.real


class Structure(NamedTuple):
    name: str
    value: int
    codes: dict[str, Any] | None = None


TWO = [Structure("anterior", 1), Structure("posterior", 2)]


@pytest.fixture
def data() -> Path:
    place = os.environ.get("DUALSSLSEG_DATA")
    if not place:
        pytest.skip("set DUALSSLSEG_DATA to the folder of real scans")
    return Path(place)


def part(data: Path, name: str) -> Path:
    if not (data / name).is_dir():
        pytest.skip(f"{data} has no {name}")
    return data / name


def test_every_hippocampus_is_read_on_one_scale_and_written_back_to_its_place(data, tmp_path):
    folder = part(data, "hippocampus")
    with open(folder / "cases.csv", newline="") as stream:
        listed = [row["case"] for row in csv.DictReader(stream)]
    images, spreads = sorted((folder / "images").glob("*.nii.gz")), []
    assert len(images) == len(listed) > 100
    plan = plan_intensity(read_image([path], path.name).array for path in images)
    assert plan.mode == "mr", plan.explanation
    for number, path in enumerate(images):
        volume = read_image([path], path.name)
        label = read_label(folder / "labels" / path.name, volume.grid, TWO)
        assert set(np.unique(label)) == {0, 1, 2}
        array = normalise(volume.array, plan)
        assert np.isfinite(array).all() and np.abs(array).max() < 12
        spreads.append(float(array.std()))
        if number % 40 == 0:
            there, working = to_working(
                label, volume.grid, as_closest_ras(volume.grid).spacing_mm, label=True
            )
            write_label(
                tmp_path / path.name, from_working(there, working, volume.grid, label=True), volume.grid
            )
            back, grid = read_with_itk(tmp_path / path.name)
            theirs, original = read_with_itk(folder / "labels" / path.name)
            assert np.array_equal(back, theirs) and grid.same_as(original, 1e-4)
    assert min(spreads) > 0.9 and max(spreads) < 1.1


def test_every_dicom_series_lies_where_simpleitk_puts_it(data):
    folders = [path for path in sorted(part(data, "dicom").glob("*/*")) if is_dicom_folder(path)]
    assert len(folders) == 7
    for folder in folders:
        volume = read_image([folder], folder.name)
        assert read_grid(folder).same_as(volume.grid, 0)
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
        image = reader.Execute()
        array = sitk.GetArrayFromImage(image).transpose(2, 1, 0)
        np.testing.assert_allclose(volume.array[0], array, rtol=1e-6)
        for index in np.ndindex(2, 2, 2):
            corner = [int(i * (n - 1)) for i, n in zip(index, array.shape, strict=True)]
            ours = (LPS_FROM_RAS @ volume.affine @ [*corner, 1])[:3]
            np.testing.assert_allclose(ours, image.TransformIndexToPhysicalPoint(corner), atol=0.02)
        assert plan_intensity([volume.array]).mode == "mr"
        assert np.isfinite(normalise(volume.array, plan_intensity([volume.array]))).all()
    thick = next(folder for folder in folders if "T1post" in folder.name)
    np.testing.assert_allclose(read_grid(thick).spacing_mm, (0.6875, 0.6875, 6.5), atol=1e-4)


def test_two_real_series_in_one_folder_are_named(data, tmp_path):
    series = [path for path in sorted(part(data, "dicom").glob("*003*/*reg*")) if is_dicom_folder(path)][:2]
    for number, folder in enumerate(series):
        for file in folder.iterdir():
            (tmp_path / f"{number}_{file.name}").write_bytes(file.read_bytes())
    with pytest.raises(
        BadInput, match=r"mixes 2 DICOM series \(slices\): T1pre_reg \(22\), FLAIR_reg \(22\)"
    ):
        read_image([tmp_path], "mixed")


def test_the_planted_mistakes_are_explained(data):
    folder = part(data, "hippocampus_bad")
    scan = read_image([folder / "images" / "hippocampus_118.nii.gz"], "118")
    with pytest.raises(BadInput, match="size 512 x 512 x 94 instead of 37 x 52 x 33") as caught:
        read_label(folder / "labels" / "hippocampus_281.nii.gz", scan.grid, TWO)
    assert "0.734 x 0.734 x 5" in str(caught.value)
    with pytest.raises(BadInput, match="size 36 x 50 x 31 instead of 37 x 52 x 33"):
        read_label(folder / "labels" / "hippocampus_010.nii.gz", scan.grid, TWO)


def test_a_left_atrium_keeps_its_axes_and_survives_a_coarser_grid(data, tmp_path):
    folder = part(data, "la")
    voxpack = runpy.run_path(str(folder / "voxpack.py"))
    packed = str(folder / "part_lab_val.npz")
    name, image, label = next(iter(voxpack["load"](packed)))
    for kind, array in (("image", image), ("label", label)):
        voxpack["write_nii"](str(tmp_path / f"{kind}.nii.gz"), array, voxpack["meta"](packed)["affine"])
    volume = read_image([tmp_path / "image.nii.gz"], name)
    assert volume.grid.axis_codes() == "LPS"
    np.testing.assert_allclose(volume.spacing_mm, 0.625)
    assert np.array_equal(volume.array[0], image)
    truth = read_label(tmp_path / "label.nii.gz", volume.grid, [Structure("left atrium", 1)])
    assert np.array_equal(truth, label)
    there, working = to_working(truth, volume.grid, (1.0, 1.0, 1.0), label=True)
    back = from_working(there, working, volume.grid, label=True)
    assert 2 * (back & truth).sum() / (back.sum() + truth.sum()) > 0.96
    assert np.abs(np.argwhere(back).mean(axis=0) - np.argwhere(truth).mean(axis=0)).max() < 0.5
    soft, working = to_working(truth, volume.grid, (1.0, 1.0, 1.0), label=False)
    back = from_working(soft, working, volume.grid, label=False) > 0.5
    assert np.abs(np.argwhere(back).mean(axis=0) - np.argwhere(truth).mean(axis=0)).max() < 0.05

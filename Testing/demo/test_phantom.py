"""The generated cohort looks like scans: two structures inside, varied, and the same again from the same
seed.
"""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
from scipy import ndimage

from DualSSLSegLib.demo.phantom import make_case, write_cohort


@pytest.mark.parametrize("seed", range(5))
def test_a_case_holds_both_structures_in_one_piece_each(seed: int) -> None:
    case = make_case(seed)
    assert case.image.shape == case.label.shape
    assert set(np.unique(case.label)) == {0, 1, 2}
    for value in (1, 2):
        _, pieces = ndimage.label(case.label == value, np.ones((3, 3, 3)))
        assert pieces == 1
        assert (case.label == value).sum() > 100
    edge = np.ones(case.label.shape, bool)
    edge[1:-1, 1:-1, 1:-1] = False
    assert not case.label[edge].any()


def test_the_same_seed_gives_the_same_case_and_another_seed_another() -> None:
    first, again, other = make_case(5), make_case(5), make_case(6)
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.affine, again.affine)
    assert first.image.shape != other.image.shape or not np.array_equal(first.image, other.image)


def test_shapes_contrasts_and_orientations_vary() -> None:
    cases = [make_case(seed) for seed in range(10)]
    assert len({nibabel.aff2axcodes(case.affine) for case in cases}) > 2
    volumes = [float((case.label > 0).sum() * abs(np.linalg.det(case.affine[:3, :3]))) for case in cases]
    assert max(volumes) > 1.4 * min(volumes)
    brightest = [int(case.image.max()) for case in cases]
    assert max(brightest) > 1.5 * min(brightest)


def test_the_anterior_part_lies_in_front_whatever_the_axis_order() -> None:
    for seed in range(5):
        case = make_case(seed)
        front, back = (
            (case.affine @ [*np.argwhere(case.label == value).mean(axis=0), 1.0])[1] for value in (1, 2)
        )
        assert front > back + 5.0


def test_a_cohort_is_written_once_and_kept(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    names = write_cohort(tmp_path, 3, said=lambda done, of: steps.append((done, of)))
    assert steps == [(1, 3), (2, 3), (3, 3)]
    written = nibabel.load(tmp_path / "images" / f"{names[0]}.nii.gz")
    assert written.header.get_xyzt_units()[0] == "mm"
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nii.gz")}
    assert len(before) == 6
    assert write_cohort(tmp_path, 3) == names
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nii.gz")} == before

"""A hot spot says how large it is, where it is and what meets there."""

from __future__ import annotations

import json

import numpy as np
import pytest

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.uncertainty.hot_spots import find

NAMES = ["anterior hippocampus", "posterior hippocampus"]
RAS = np.eye(4)


def a_scan(shape=(40, 60, 40)):
    """A long structure along y: posterior part 10..29, anterior part 30..49; borders uncertain by one voxel."""
    label = np.zeros(shape, np.uint8)
    label[14:26, 10:30, 14:26] = 2
    label[14:26, 30:50, 14:26] = 1
    uncertainty = np.full(shape, 0.01, np.float32)
    for axis in range(3):
        edge = np.diff(label.astype(int), axis=axis) != 0
        where = [slice(None)] * 3
        where[axis] = slice(0, -1)
        uncertainty[tuple(where)][edge] = 0.4
    return label, uncertainty


def test_thin_borders_are_no_hot_spots_and_a_thick_one_is_found_where_it_is():
    label, uncertainty = a_scan()
    assert find(uncertainty, label, RAS, NAMES) == []
    uncertainty[17:23, 17:23, 22:30] = 0.94
    (spot,) = find(uncertainty, label, RAS, NAMES)
    assert spot.volume_mm3 == pytest.approx(6 * 6 * 8, rel=0.35)
    assert spot.volume_mm3 == spot.voxels
    assert np.abs(np.array(spot.centre_voxel) - (20, 20, 26)).max() <= 1
    assert spot.centre_ras_mm == spot.centre_voxel
    assert spot.peak == pytest.approx(0.94)
    assert spot.structure == "posterior hippocampus"
    assert spot.between == ("posterior hippocampus", "background")
    assert spot.sentence == (
        f"{spot.voxels} mm³ at the border between posterior hippocampus and background, on its superior side; "
        "the networks are unsure (peak 0.94)"
    )
    json.dumps(spot.to_dict())


def test_the_end_of_the_longest_extent_is_called_an_end():
    label, uncertainty = a_scan()
    uncertainty[17:23, 46:54, 17:23] = 0.9
    (spot,) = find(uncertainty, label, RAS, NAMES)
    assert spot.place == "at its anterior end"


def test_the_place_is_on_the_whole_structure_also_where_only_a_part_of_it_is_uncertain():
    label = np.zeros((40, 120, 40), np.uint8)
    label[14:26, 10:110, 14:26] = 1
    uncertainty = np.full(label.shape, 0.001, np.float32)
    uncertainty[16:24, 66:74, 16:24] = 0.9  # all that is uncertain
    uncertainty[16:24, 84:90, 16:24] = 0.9
    middle, end = sorted(find(uncertainty, label, RAS, NAMES), key=lambda spot: spot.centre_voxel)
    assert (middle.place, end.place) == ("in its middle part", "at its anterior end")


def test_a_structure_where_all_is_certain_can_be_the_nearest():
    label, _ = a_scan()
    uncertainty = np.full(label.shape, 0.001, np.float32)
    uncertainty[17:23, 17:23, 32:39] = 0.94
    (spot,) = find(uncertainty, label, RAS, NAMES)
    assert "10 mm from posterior hippocampus, in the " in spot.sentence


@pytest.mark.parametrize("flip", [(), (0,), (1,), (2,), (0, 1, 2)])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 0, 2)])
def test_the_place_is_anatomy_and_not_array_order(flip, order):
    label, uncertainty = a_scan()
    uncertainty[17:23, 17:23, 22:30] = 0.94
    affine = np.diag([2.0, 2, 2, 1])
    affine[:3, 3] = (-30, 12, 5)
    expected = find(uncertainty, label, affine, NAMES)[0]
    for axis in flip:
        affine = affine.copy()
        affine[:3, 3] += affine[:3, axis] * (label.shape[axis] - 1)
        affine[:3, axis] *= -1
    label, uncertainty = np.flip(label, flip), np.flip(uncertainty, flip)
    label, uncertainty = label.transpose(order), uncertainty.transpose(order)
    affine = affine[:, [*order, 3]]
    (spot,) = find(uncertainty, label, affine, NAMES)
    assert spot.sentence == expected.sentence
    assert spot.volume_mm3 == pytest.approx(8 * spot.voxels)
    np.testing.assert_allclose(
        spot.centre_ras_mm, expected.centre_ras_mm, atol=2.1
    )  # an even middle may round either way
    np.testing.assert_allclose((affine @ [*spot.centre_voxel, 1])[:3], spot.centre_ras_mm, atol=1e-6)


def test_largest_first_and_at_most_as_many_as_asked_for():
    label, uncertainty = a_scan((40, 60, 60))
    for number in range(4):
        size = 4 + number
        uncertainty[4 : 4 + size, 4 + 13 * number : 4 + 13 * number + size, 45 : 45 + size] = 0.9
    volumes = [spot.volume_mm3 for spot in find(uncertainty, label, RAS, NAMES)]
    assert len(volumes) == 4 and volumes == sorted(volumes, reverse=True)
    assert [s.volume_mm3 for s in find(uncertainty, label, RAS, NAMES, limit=2)] == volumes[:2]


def test_a_region_around_everything_is_cut_into_places():
    label, uncertainty = a_scan()
    shell = np.zeros(label.shape, bool)
    shell[10:30, 6:54, 10:30] = True
    shell[18:22, 14:46, 18:22] = False
    uncertainty[shell] = 0.5
    uncertainty[17:23, 7:12, 17:23] = 0.95
    uncertainty[17:23, 48:53, 17:23] = 0.9
    spots = find(uncertainty, label, RAS, NAMES)
    places = {(spot.structure, spot.place) for spot in spots}
    assert ("posterior hippocampus", "at its posterior end") in places
    assert ("anterior hippocampus", "at its anterior end") in places


def test_three_that_meet_are_all_named():
    label, uncertainty = a_scan()
    uncertainty[17:23, 27:33, 22:30] = 0.9
    (spot,) = find(uncertainty, label, RAS, NAMES)
    assert "where " in spot.sentence and spot.between[-1] == "background" and len(spot.between) == 3
    assert "on the " in spot.sentence or "at the " in spot.sentence, "'its' would not say whose"


def test_a_structure_that_was_not_predicted_is_named_from_the_probabilities():
    label = np.zeros((40, 40, 40), np.uint8)
    uncertainty = np.zeros(label.shape, np.float32)
    uncertainty[28:36, 10:18, 10:18] = 0.6
    (spot,) = find(uncertainty, label, RAS, NAMES)
    assert spot.structure == "" and "in the background, outside every predicted structure" in spot.sentence
    assert "in the right posterior inferior part of the scan" in spot.sentence or "right" in spot.place
    p = np.zeros((3, *label.shape), np.float32)
    p[0] = 1
    p[:, 28:36, 10:18, 10:18] = np.array([0.6, 0.4, 0])[:, None, None, None]
    (spot,) = find(uncertainty, label, RAS, NAMES, probabilities=p)
    assert "(it may be anterior hippocampus)" in spot.sentence


def test_specks_are_left_out_and_a_sure_scan_has_no_hot_spots():
    label, uncertainty = a_scan()
    assert find(np.zeros_like(uncertainty), label, RAS, NAMES) == []
    uncertainty[5, 5, 5] = 1.0
    assert find(uncertainty, label, RAS, NAMES) == []
    uncertainty[17:23, 17:23, 22:30] = 0.94
    assert find(uncertainty, label, RAS, NAMES, min_volume_mm3=10_000) == []


def test_anisotropic_voxels_count_with_their_volume():
    label, uncertainty = a_scan()
    uncertainty[17:23, 17:23, 22:30] = 0.94
    (spot,) = find(uncertainty, label, np.diag([0.5, 0.5, 4, 1]), NAMES)
    assert spot.volume_mm3 == pytest.approx(spot.voxels * 1.0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"label": np.zeros((3, 3, 3), np.uint8)}, "differ in size"),
        ({"affine": np.eye(3)}, "4 x 4"),
        ({"structure_names": ["one"]}, "class 2"),
        ({"probabilities": np.zeros((2, 40, 60, 40))}, "3 classes"),
    ],
)
def test_what_does_not_fit_together_is_refused(change, said):
    label, uncertainty = a_scan()
    settings = {"uncertainty": uncertainty, "label": label, "affine": RAS, "structure_names": NAMES, **change}
    with pytest.raises(BadInput, match=said):
        find(**settings)


def test_a_spot_away_from_every_structure_says_how_far():
    label, uncertainty = a_scan()
    uncertainty[17:23, 17:23, 32:39] = 0.94  # the posterior structure ends at z = 25
    (spot,) = find(uncertainty, label, RAS, NAMES)
    assert spot.structure == ""
    assert "10 mm from posterior hippocampus, in the " in spot.sentence


def test_a_model_that_knows_nothing_is_not_said_to_be_unsure_at_a_border():
    label, uncertainty = a_scan()
    uncertainty[:] = 1.0
    (spot,) = find(uncertainty, label, RAS, NAMES)
    assert "spread over much of the scan" in spot.sentence and spot.volume_mm3 == label.size

"""The case score: each measure against paper and pencil, and the cases that must not slip through."""

from __future__ import annotations

import json
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from support.synthetic_cases import ball, network, two_organs

from DualSSLSegLib.errors import RunFailed
from DualSSLSegLib.ranking.labelled import LabelledVolumes, structure_volumes
from DualSSLSegLib.ranking.regions import dilated
from DualSSLSegLib.ranking.scores import CaseScore, case_score

NAMES = ("anterior", "posterior")


def hard(label, classes):
    """(K, X, Y, Z) of a network that is sure of `label`."""
    return np.stack([label == index for index in range(classes)]).astype(np.float32)


def test_disagreement_is_one_minus_the_dice_between_the_networks():
    one, other = np.zeros((2, 20, 20, 20), dtype=int)
    one[5:15, 5:15, 5:15] = 1
    other[7:17, 5:15, 5:15] = 1
    score = case_score(np.stack([hard(one, 2), hard(other, 2)]), (1, 1, 2), ["atrium"])
    assert score.disagreement == pytest.approx(0.2)
    assert score.structure("atrium").volumes_mm3 == (2000.0, 2000.0)
    assert score.volume_ratio == 0.0


def test_with_four_networks_the_six_pairs_are_averaged():
    label = np.zeros((4, 16, 16, 16), dtype=int)
    for index, length in enumerate((8, 8, 8, 4)):
        label[index, 4 : 4 + length, 4:12, 4:12] = 1
    score = case_score(np.stack([hard(one, 2) for one in label]), (1, 1, 1), ["atrium"])
    assert score.disagreement == pytest.approx(3 / 6 * (1 - 2 * 4 / 12))
    assert score.volume_ratio == pytest.approx(np.log((512 + 1) / (256 + 1)))


def test_rim_entropy_counts_the_structure_and_its_rim_only_so_that_more_background_changes_nothing():
    def one(shape):
        return np.stack([network(ball(shape, (12, 12, 12), 5, edge=1.0))] * 2)

    small, large = (
        case_score(one((24, 24, 24)), (1, 1, 1), ["a"]),
        case_score(one((60, 40, 40)), (1, 1, 1), ["a"]),
    )
    assert small.rim_entropy == pytest.approx(large.rim_entropy)
    assert small.expected_dice == pytest.approx(large.expected_dice)
    assert 0 < small.rim_entropy < 1


def test_a_wider_edge_is_a_more_uncertain_rim_a_lower_expected_dice_and_a_higher_risk():
    scores = [case_score(two_organs(0, edge=edge), (1, 1, 1), NAMES) for edge in (0.3, 0.8, 1.6)]
    for calm, unsure in pairwise(scores):
        assert unsure.structure("anterior").rim_entropy > calm.structure("anterior").rim_entropy
        assert unsure.expected_dice < calm.expected_dice
        assert unsure.risk > calm.risk


def test_sure_and_equal_networks_carry_no_risk():
    label = np.zeros((16, 16, 16), dtype=int)
    label[4:12, 4:12, 4:12] = 1
    score = case_score(np.stack([hard(label, 2)] * 2), (1, 1, 1), ["atrium"])
    assert (score.disagreement, score.rim_entropy, score.expected_dice) == (0.0, 0.0, 1.0)
    assert score.risk == 0.0


def test_an_expected_structure_that_nobody_finds_counts_as_full_disagreement_and_is_named():
    score = case_score(two_organs(1, second=False), (1, 1, 1), NAMES)
    assert score.missing == ("posterior",)
    assert score.structure("posterior").disagreement == 1.0
    assert score.structure("posterior").found_by == 0
    assert score.structure("posterior").rim_entropy is None
    assert score.disagreement > 0.5
    assert score.risk > case_score(two_organs(1), (1, 1, 1), NAMES).risk + 0.3


def test_a_structure_that_few_labelled_scans_show_is_not_missed():
    labelled = LabelledVolumes.from_cases(
        [{"anterior": 900, "posterior": 0}] * 3 + [{"anterior": 900, "posterior": 5}]
    )
    score = case_score(two_organs(1, second=False), (1, 1, 1), NAMES, labelled)
    assert score.missing == ()
    assert score.structure("posterior").disagreement is None
    assert (score.structure("posterior").labelled_with, score.structure("posterior").labelled_cases) == (1, 4)


def test_labels_that_are_older_than_a_structure_do_not_say_that_it_is_rare():
    older, younger = {"anterior": 900.0}, {"anterior": 900.0, "posterior": 500.0}
    labelled = LabelledVolumes.from_cases([older] * 8 + [younger] * 2)
    score = case_score(two_organs(1, second=False), (1, 1, 1), NAMES, labelled)
    assert score.missing == ("posterior",)
    assert (score.structure("posterior").labelled_with, score.structure("posterior").labelled_cases) == (2, 2)
    assert labelled.cases("anterior") == 10
    unheard_of = LabelledVolumes.from_cases([older] * 8)
    assert case_score(two_organs(1, second=False), (1, 1, 1), NAMES, unheard_of).missing == ()


def test_nothing_predicted_at_all_is_the_highest_risk_and_has_no_made_up_entropy():
    empty = np.zeros((2, 3, 8, 8, 8), dtype=np.float32)
    empty[:, 0] = 1
    score = case_score(empty, (1, 1, 1), NAMES)
    assert (score.disagreement, score.risk, score.rim_entropy, score.expected_dice) == (1.0, 1.0, None, None)
    assert score.missing == NAMES
    never_seen = LabelledVolumes.from_cases([{"anterior": 0.0, "posterior": 0.0}])
    assert case_score(empty, (1, 1, 1), NAMES, never_seen).risk == 0.0


def test_a_structure_that_one_network_finds_counts_as_full_disagreement():
    both = two_organs(3)
    both[1, 0] += both[1, 2]
    both[1, 2] = 0
    posterior = case_score(both, (1, 1, 1), NAMES).structure("posterior")
    assert (posterior.found_by, posterior.disagreement) == (1, 1.0)
    assert posterior.volume_ratio > 5


def test_pieces_ignore_specks_and_measure_the_share_outside_the_largest():
    label = np.zeros((30, 12, 12), dtype=int)
    label[2:12, 1:11, 1:11] = 1
    label[16:21, 1:11, 1:11] = 1
    label[27, 5, 5] = 1
    score = case_score(np.stack([hard(label, 2)] * 2), (1, 1, 1), ["atrium"]).structure("atrium")
    assert score.pieces == 2
    assert score.outside_largest == pytest.approx(501 / 1501)


def test_a_volume_is_compared_with_the_labelled_ones():
    labelled = LabelledVolumes.from_cases(
        [{"anterior": volume, "posterior": 500.0} for volume in (800, 950, 1000)]
    )
    assert labelled.deviation("anterior", 900) == 0.0
    assert labelled.deviation("anterior", 2000) == pytest.approx(np.log(2) / 0.2)
    assert labelled.deviation("anterior", 400) == pytest.approx(np.log(2) / 0.2)
    assert labelled.deviation("unknown", 400) == 0.0
    assert LabelledVolumes.from_dict(json.loads(json.dumps(labelled.to_dict()))) == labelled
    assert structure_volumes(np.array([[[0, 1, 2, 2]]]), (1, 1, 2), NAMES) == {
        "anterior": 2.0,
        "posterior": 4.0,
    }


def test_volumes_are_counted_without_a_copy_of_the_scan():
    label = np.ones((64, 64, 64), np.uint8)
    tracemalloc.start()
    volumes = structure_volumes(label, (1, 1, 2), NAMES)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert volumes == {"anterior": 2.0 * 64**3, "posterior": 0.0} and peak < label.nbytes


def test_half_precision_memory_maps_are_read_in_slabs_with_the_same_result(tmp_path, monkeypatch):
    probabilities = two_organs(5, edge=1.2)
    path = tmp_path / "probabilities.npy"
    np.save(path, probabilities.astype(np.float16))
    whole = case_score(probabilities, (1, 1, 1), NAMES)
    monkeypatch.setattr("DualSSLSegLib.ranking.fused._SLAB_BYTES", 100_000)
    slabs = case_score(np.load(path, mmap_mode="r"), (1, 1, 1), NAMES)
    assert slabs.disagreement == pytest.approx(whole.disagreement, abs=0.01)
    assert slabs.rim_entropy == pytest.approx(whole.rim_entropy, abs=1e-3)
    assert slabs.expected_dice == pytest.approx(whole.expected_dice, abs=1e-3)
    assert slabs.risk == pytest.approx(whole.risk, abs=0.01)


def test_a_single_network_can_be_scored_too():
    score = case_score(two_organs(2)[:1], (1, 1, 1), NAMES)
    assert (score.networks, score.disagreement, score.volume_ratio) == (1, 0.0, 0.0)
    assert score.rim_entropy > 0


def test_a_score_survives_json():
    labelled = LabelledVolumes.from_cases([{"anterior": 800.0, "posterior": 500.0}])
    for probabilities in (two_organs(0), two_organs(0, second=False)):
        score = case_score(probabilities, (0.5, 1, 2), NAMES, labelled)
        assert CaseScore.from_dict(json.loads(json.dumps(score.to_dict(), allow_nan=False))) == score


def test_wrong_shapes_and_diverged_networks_are_named():
    with pytest.raises(ValueError, match="K = 2"):
        case_score(two_organs(0), (1, 1, 1), ["atrium"])
    broken = two_organs(0)
    broken[0, 0, 3, 3, 3] = np.nan
    with pytest.raises(RunFailed, match="not numbers"):
        case_score(broken, (1, 1, 1), NAMES)


def test_the_rim_is_the_same_however_the_volume_is_cut_into_planes(monkeypatch):
    mask = ball((40, 20, 20), (20, 10, 10), 7) > 0.5
    whole = dilated(mask)
    inside = np.flatnonzero(whole[:, 10, 10])
    assert (inside[0], inside[-1]) == (
        np.flatnonzero(mask[:, 10, 10])[0] - 3,
        np.flatnonzero(mask[:, 10, 10])[-1] + 3,
    )
    monkeypatch.setattr("DualSSLSegLib.ranking.regions._PLANES", 5)
    assert np.array_equal(dilated(mask), whole)

"""The queue: four odd cases read differently, structures take turns, near-copies are not both suggested."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from support.synthetic_cases import two_organs

from DualSSLSegLib.ranking.labelled import LabelledVolumes, structure_volumes
from DualSSLSegLib.ranking.order import foreground_aware_random, order, rank_average
from DualSSLSegLib.ranking.scores import case_score

NAMES = ("anterior", "posterior")


def labelled_volumes():
    rows = []
    for seed in range(100, 104):
        label = two_organs(seed).mean(axis=0).argmax(axis=0)
        rows.append(structure_volumes(label, (1, 1, 1), NAMES))
    return LabelledVolumes.from_cases(rows)


def score_of(seed=0, **odd):
    return case_score(two_organs(seed, **odd), (1, 1, 1), NAMES, labelled_volumes())


def embedding(seed, centre=0.0):
    vector = np.random.default_rng(seed).normal(centre, 0.05, 16) + np.eye(16)[0]
    return vector / np.linalg.norm(vector)


LABELLED = [embedding(seed) for seed in range(900, 904)]
ODD = {
    "rim": {"edge": 1.8},
    "missing": {"second": False},
    "pieces": {"pieces": 2},
    "unlike": {},
}


def odd_cases():
    """Scores and embeddings of four cases, each odd in its own way."""
    scores = {name: score_of(seed, **odd) for seed, (name, odd) in enumerate(ODD.items(), start=10)}
    embeddings = {name: embedding(seed) for seed, name in enumerate(ODD)}
    embeddings["unlike"] = embedding(7, centre=0.6)
    return scores, embeddings


@pytest.mark.parametrize("ordinary", [0, 4, 16])
def test_four_odd_cases_read_differently_and_name_what_was_measured(ordinary):
    scores, embeddings = odd_cases()
    for seed in range(ordinary):
        scores[f"plain_{seed:02}"] = score_of(200 + seed)
        embeddings[f"plain_{seed:02}"] = embedding(200 + seed)
    queue, _ = order(scores, embeddings, LABELLED, n=len(scores), seed=1, round=2)
    found = {one.case: one for one in queue}
    sentences = {name: found[name].reason for name in ODD}
    assert len(set(sentences.values())) == 4, sentences
    kinds = {name: found[name].values["reason"]["kind"] for name in ODD}
    assert kinds == {
        "rim": "uncertain_rim",
        "missing": "missing",
        "pieces": "pieces",
        "unlike": "unlike_labelled",
    }, sentences
    anterior = {name: scores[name].structure("anterior") for name in ODD}
    assert f"{anterior['rim'].rim_entropy:.2f}" in sentences["rim"]
    assert "anterior" in sentences["rim"]
    assert "posterior" in sentences["missing"] and "4 of 4 labelled" in sentences["missing"]
    assert "2 pieces" in sentences["pieces"]
    assert f"{100 * anterior['pieces'].outside_largest:.0f} %" in sentences["pieces"]
    assert "all 4 labelled" in sentences["unlike"]
    assert f"{found['unlike'].values['distance_to_labelled']:.2f}" in sentences["unlike"]


def test_an_ordinary_case_says_that_nothing_stands_out_with_its_numbers():
    scores = {f"case_{seed}": score_of(300 + seed) for seed in range(8)}
    queue, _ = order(scores, n=8, seed=0)
    plain = [one for one in queue if one.values["reason"]["kind"] == "ordinary"]
    assert len(plain) >= 5
    assert all(f"{1 - one.values['disagreement']:.2f}" in one.reason for one in plain)


def test_a_case_with_nothing_to_find_and_nothing_found_claims_no_overlap():
    nothing = np.zeros((2, 2, 12, 12, 12), np.float32)
    nothing[:, 0] = 1.0
    score = case_score(nothing, (1, 1, 1), ["a"], LabelledVolumes({"a": (0.0, 0.0, 5.0)}))
    (one,), _ = order({"case": score}, n=1, seed=0)
    assert one.reason == "No single sign stands out: nothing was predicted, and nothing is expected."


def test_what_every_case_shares_is_nobodys_reason():
    scores = {f"case_{seed}": score_of(seed, pieces=2) for seed in range(12)}
    queue, _ = order(scores, n=12, seed=0)
    assert sum(one.values["reason"]["kind"] == "pieces" for one in queue) <= 2


@pytest.mark.parametrize(
    ("odd", "kind", "number"),
    [
        ({"second_radius": 7.6}, "size", "ml"),
        ({"spread": 2.2}, "disagreement", "Dice"),
    ],
)
def test_size_and_disagreement_have_words_of_their_own(odd, kind, number):
    scores = {f"case_{seed}": score_of(400 + seed) for seed in range(8)}
    scores["odd"] = score_of(5, **odd)
    reason = next(one for one in order(scores, n=9).suggestions if one.case == "odd")
    assert reason.values["reason"]["kind"] == kind, reason.reason
    assert number in reason.reason


def test_a_structure_only_one_network_finds_says_so():
    probabilities = two_organs(3)
    probabilities[1, 0] += probabilities[1, 2]
    probabilities[1, 2] = 0
    scores = {"odd": case_score(probabilities, (1, 1, 1), NAMES, labelled_volumes())}
    reason = order(scores, n=1).suggestions[0].reason
    assert "1 of 2 networks" in reason and "mm³" in reason


def test_networks_of_different_size_name_both_volumes():
    score = score_of(1)
    one = replace(score.structures[0], volumes_mm3=(1200.0, 2400.0), volume_ratio=float(np.log(2)))
    odd = replace(score, structures=(one, score.structures[1]))
    reason = order({"odd": odd, **{f"c{i}": score_of(i) for i in range(5)}}, n=6).suggestions
    sentence = next(each.reason for each in reason if each.case == "odd")
    assert "1.2 ml against 2.4 ml" in sentence and "factor of 2.0" in sentence


def test_the_same_seed_gives_the_same_queue_whatever_the_order_of_the_cases():
    scores, embeddings = odd_cases()
    backwards = dict(reversed(scores.items()))
    first = order(scores, embeddings, LABELLED, n=3, seed=4, round=1)
    assert order(backwards, embeddings, LABELLED, n=3, seed=4, round=1) == first
    many = {tuple(one.case for one in order(scores, n=2, seed=seed).suggestions) for seed in range(12)}
    assert len(many) > 1


def test_late_rounds_follow_the_score_and_the_whole_queue_is_served():
    scores = {f"case_{seed}": score_of(seed, edge=0.3 + 0.1 * seed) for seed in range(9)}
    queue, _ = order(scores, n=2, seed=3, round=10, whole_queue=True)
    assert len(queue) == 9 and len({one.case for one in queue}) == 9
    assert [one.values["in_batch"] for one in queue] == [True] * 2 + [False] * 7
    rest = [one.score for one in queue[2:]]
    assert rest == sorted(rest, reverse=True)
    assert len(order(scores, n=2).suggestions) == 2
    assert len(order(scores, n=50).suggestions) == 9


def test_near_copies_are_not_both_suggested():
    scores = {f"twin_{seed}": score_of(1, second=False) for seed in range(3)}
    scores |= {f"other_{seed}": score_of(20 + seed, edge=1.2) for seed in range(3)}
    embeddings = {case: embedding(0) + (0 if case.startswith("twin") else 1) for case in scores}
    queue, _ = order(scores, embeddings, LABELLED, n=2, seed=0, round=10)
    assert sum(one.case.startswith("twin") for one in queue) == 1


def test_a_missing_structure_comes_first_although_what_is_left_is_certain():
    scores = {f"case_{seed}": score_of(seed, edge=0.8) for seed in range(6)}
    scores["missing"] = score_of(9, second=False, edge=0.2)
    queue, _ = order(scores, n=1, round=10, whole_queue=True)
    assert next(one.score for one in queue if one.case == "missing") == pytest.approx(1)


def test_structures_take_turns():
    """Two thirds of the batch go to structures in turn, also to one whose cases never lead overall."""
    scores = {f"anterior_{seed}": score_of(seed, edge=2.0) for seed in range(8)}
    for seed in range(4):
        calm = score_of(60 + seed)
        unsure = replace(calm.structures[1], disagreement=0.4, rim_entropy=0.6)
        scores[f"posterior_{seed}"] = replace(calm, structures=(calm.structures[0], unsure))
    queue, _ = order(scores, n=6, seed=0, round=10)
    picked = {one.case: one.values["picked_for"] for one in queue}
    assert (
        sorted(str(name) for name in picked.values())
        == ["None", "None"] + ["anterior"] * 2 + ["posterior"] * 2
    )
    assert all(case.startswith(name) for case, name in picked.items() if name)


def test_a_structure_nobody_predicts_or_expects_reserves_nothing():
    never = LabelledVolumes.from_cases([{"anterior": 900.0, "posterior": 0.0}])
    scores = {
        f"case_{seed}": case_score(two_organs(seed, second=False), (1, 1, 1), NAMES, never)
        for seed in range(5)
    }
    assert len(order(scores, n=5, seed=0).suggestions) == 5


def test_the_shadow_choice_prefers_scans_with_foreground_and_is_fair_to_structures():
    scores = {f"full_{seed}": score_of(seed) for seed in range(3)}
    empty = np.zeros((2, 3, 8, 8, 8), dtype=np.float32)
    empty[:, 0] = 1
    scores["empty"] = case_score(empty, (1, 1, 1), NAMES)
    for seed in range(10):
        shadow = foreground_aware_random(scores, n=3, seed=seed)
        assert len(set(shadow)) == 3 and "empty" not in shadow
    assert foreground_aware_random(scores, n=4)[-1] == "empty"
    assert order(scores, n=3, seed=7).shadow == foreground_aware_random(scores, n=3, seed=7)


def test_a_missing_measure_ranks_highest():
    assert rank_average([0.1, 0.2, 0.3], [0.1, None, 0.2]).tolist() == pytest.approx(
        [1 / 3, 2.5 / 3, 2.5 / 3]
    )


def test_nothing_left_to_review_is_an_empty_queue():
    assert order({}, n=3) == ([], [])


def test_the_queue_survives_json():
    scores, embeddings = odd_cases()
    result = order(scores, embeddings, LABELLED, n=4).to_dict()
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_wrong_arguments_are_named():
    scores, embeddings = odd_cases()
    with pytest.raises(ValueError, match="at least one"):
        order(scores, n=0)
    del embeddings["rim"]
    with pytest.raises(ValueError, match="rim"):
        order(scores, embeddings, LABELLED, n=2)
    embeddings["rim"] = np.full(16, np.nan)
    with pytest.raises(ValueError, match="not numbers"):
        order(scores, embeddings, LABELLED, n=2)

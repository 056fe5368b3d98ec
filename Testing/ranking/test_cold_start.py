"""The first scans to label: one of each kind, the largest kind first, with words."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from DualSSLSegLib.ranking.clusters import k_means
from DualSSLSegLib.ranking.cold_start import choose, features, sample


def scan(kind, seed, shape=(20, 18, 16)):
    """(1, X, Y, Z) of one of three kinds that differ in what is bright and where."""
    random = np.random.default_rng([kind, seed])
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, size) for size in shape], indexing="ij"))
    centre = np.array([(-0.4, 0, 0), (0.4, 0.3, 0), (0, 0, 0.5)][kind])[:, None, None, None]
    radius = (0.35, 0.5, 0.7)[kind]
    image = (((grid - centre) ** 2).sum(axis=0) < radius**2) * 100.0
    return (image + random.normal(0, 6, shape))[None].astype(np.float32)


def cohort(sizes=(12, 6, 3)):
    return {
        f"{'abc'[kind]}_{seed:02}": features(scan(kind, seed), (1, 1, 2))
        for kind, size in enumerate(sizes)
        for seed in range(size)
    }


def test_one_scan_of_each_kind_the_largest_kind_first_and_a_reason_with_its_size():
    first = choose(cohort(), 3, seed=5)
    assert [one.case[0] for one in first] == ["a", "b", "c"]
    assert "11 similar scans" in first[0].reason and "21 compared" in first[0].reason
    assert [one.values["group_size"] for one in first] == [12, 6, 3]
    assert sum(one.score for one in first) == pytest.approx(1)
    assert json.loads(json.dumps([one.to_dict() for one in first], allow_nan=False))


def test_one_suggestion_is_typical_of_the_majority():
    assert choose(cohort((12, 3, 2)), 1)[0].case.startswith("a")


def test_a_scan_like_no_other_is_not_among_the_first_and_says_so_when_everything_is_asked_for():
    vectors = cohort((8, 8, 1))
    assert sorted(one.case[0] for one in choose(vectors, 2)) == ["a", "b"]
    assert all(one.case[0] != "c" for one in choose(vectors, 3))
    everything = choose(vectors, 17)
    assert "Unlike the other 16 scans" in next(one.reason for one in everything if one.case[0] == "c")


def test_the_choice_is_the_same_for_the_same_seed_and_any_order_of_the_cases():
    vectors = cohort()
    assert choose(vectors, 4, seed=2) == choose(dict(reversed(vectors.items())), 4, seed=2)


def test_brightness_and_contrast_of_the_scanner_do_not_matter():
    plain = features(scan(1, 0))
    assert features(scan(1, 0) * 37 + 1000) == pytest.approx(plain, abs=2e-2)


def test_size_and_spacing_are_part_of_what_a_scan_looks_like():
    image = scan(0, 0)
    assert features(image, (1, 1, 3))[-6:] == pytest.approx(np.log([20, 18, 48, 1, 1, 3]), rel=1e-5)


def test_thumbnails_work_for_axes_shorter_than_a_thumbnail_and_several_channels():
    vector = features(np.random.default_rng(0).random((2, 5, 40, 3)).astype(np.float32))
    assert vector.shape == (2 * 544 + 6,) and np.isfinite(vector).all()
    constant_blocks = np.repeat(np.arange(8.0), 5)[None, :, None, None] * np.ones((1, 40, 16, 8))
    thumbnail = features(constant_blocks)[32 : 32 + 512].reshape(8, 8, 8)
    assert thumbnail[:, 0, 0] == pytest.approx(np.arange(8) / 7, abs=1e-5)


def test_identical_scans_a_single_scan_and_too_many_asked_for_are_no_trouble():
    one = features(scan(0, 0))
    same = choose({f"case_{index}": one for index in range(6)}, 3)
    assert len({each.case for each in same}) == 3
    assert "only scan" in choose({"case": one}, 5)[0].reason
    assert len(choose(cohort((2, 1, 1)), 10)) == 4
    assert choose({}, 3) == []
    flat = features(np.full((1, 9, 9, 9), 7.0))
    assert np.isfinite(flat).all()


def test_only_a_sample_of_a_large_study_is_looked_at():
    cases = [f"case_{index:05}" for index in range(10_000)]
    picked = sample(cases, seed=1)
    assert len(set(picked)) == 200 and picked == sorted(picked)
    assert sample(reversed(cases), seed=1) == picked
    assert sample(cases, seed=2) != picked
    assert sample(cases[:7]) == cases[:7]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), points=st.integers(1, 30), different=st.integers(1, 5), data=st.data())
def test_no_group_is_ever_empty(seed, points, different, data):
    groups = data.draw(st.integers(1, points))
    random = np.random.default_rng(seed)
    rows = random.integers(0, different, size=(points, 2)).astype(float)
    assert set(k_means(rows, groups, random).tolist()) == set(range(groups))


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="at least one"):
        choose(cohort((2, 1, 1)), 0)
    with pytest.raises(ValueError, match="same channels"):
        choose({"one": features(scan(0, 0)), "two": features(np.repeat(scan(0, 0), 2, axis=0))}, 1)
    with pytest.raises(ValueError, match="C, X, Y, Z"):
        features(scan(0, 0)[0])
    broken = scan(0, 0)
    broken[0, 0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="not numbers"):
        features(broken)

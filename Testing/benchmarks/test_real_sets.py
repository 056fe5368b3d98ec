"""Who trains, who goes unlabelled and who is measured: nobody is measured who was seen."""

from __future__ import annotations

import json

import pytest

from benchmarks.real_sets import data_set, development_cases, protocol, scans_of, structure_names
from DualSSLSegLib.errors import BadInput

NAMES = [f"la_{number:03d}" for number in range(1, 81)]
KEPT = NAMES[18::4][:16]
LEFT_ATRIUM = {
    "labels": {"0": "background", "1": "left atrium cavity"},
    "train_order": NAMES,
    "labelled_4": NAMES[:4],
    "labelled_8": NAMES[:8],
    "labelled_16": NAMES[:16],
    "validation_16": KEPT,
    "suspected_same_patient": [{"a": "la_002", "b": "la_043"}, {"a": "la_005", "b": "test_001"}],
}
HIPPOCAMPUS = {
    "labels": {"0": "background", "2": "posterior", "1": "anterior"},
    "labelled_4": [f"h{n}" for n in range(4)],
    "labelled_32": [f"h{n}" for n in range(32)],
    "unlabelled": [f"u{n}" for n in range(122)],
    "validation_40": [f"v{n}" for n in range(40)],
}
SETS = pytest.mark.parametrize("splits", [LEFT_ATRIUM, HIPPOCAMPUS], ids=["la", "hippocampus"])


@SETS
@pytest.mark.parametrize("labels", [1, 2, 4, 8, 16, None])
@pytest.mark.parametrize("development", [False, True])
def test_measured_cases_neither_train_nor_are_seen_unlabelled(splits, labels, development):
    who = protocol(splits, labels, development=development)
    groups = [who.labelled, who.unlabelled, who.measured, who.others]
    everyone = [case for group in groups for case in group]
    assert len(everyone) == len(set(everyone))
    assert who.measured
    kept = next(cases for name, cases in splits.items() if name.startswith("validation"))
    assert set(kept) & set(everyone) == (set() if development else set(kept))


@pytest.mark.parametrize(("labels", "unlabelled"), [(4, 60), (8, 56), (16, 48)])
def test_left_atrium_takes_the_first_of_the_published_order_and_the_rest_unlabelled(labels, unlabelled):
    who = protocol(LEFT_ATRIUM, labels)
    assert who.labelled == tuple(NAMES[:labels])
    assert who.unlabelled == tuple(name for name in NAMES[labels:] if name not in KEPT)
    assert len(who.unlabelled) == unlabelled
    assert (who.measured, who.others, who.measured_on) == (tuple(KEPT), (), "validation_16")


def test_the_labelled_hippocampi_after_the_first_four_are_test_cases_of_their_own():
    for labels, others in ((1, 28), (4, 28), (8, 24)):
        who = protocol(HIPPOCAMPUS, labels)
        assert (len(who.labelled), len(who.unlabelled), len(who.others)) == (labels, 122, others)


def test_full_supervision_labels_all_but_the_measured_cases():
    assert [len(protocol(splits, None).labelled) for splits in (HIPPOCAMPUS, LEFT_ATRIUM)] == [154, 64]
    assert protocol(HIPPOCAMPUS, None).unlabelled == ()


def test_development_cases_are_the_same_for_few_labels_and_no_second_scans():
    assert development_cases(HIPPOCAMPUS, 1) == development_cases(HIPPOCAMPUS, 4)
    assert len(development_cases(HIPPOCAMPUS, 4)) == 28
    for labels in (4, 8, 16):
        apart = development_cases(LEFT_ATRIUM, labels)
        assert len(apart) >= 8
        assert not {"la_002", "la_005", "la_043"} & set(apart)
    with pytest.raises(BadInput, match="too few"):
        development_cases(HIPPOCAMPUS, 32)


def test_structures_come_in_the_order_of_their_values():
    assert structure_names(HIPPOCAMPUS) == ["anterior", "posterior"]


def test_more_labels_than_there_are_is_refused():
    with pytest.raises(BadInput, match="cannot be labelled"):
        protocol(LEFT_ATRIUM, 17)


def test_a_set_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.delenv("DUALSSLSEG_DATA", raising=False)
    with pytest.raises(BadInput, match="DUALSSLSEG_DATA"):
        data_set("la")
    monkeypatch.setenv("DUALSSLSEG_DATA", str(tmp_path))
    with pytest.raises(BadInput, match="no set"):
        data_set("la")


def test_a_packed_set_is_unpacked_for_a_while_and_nothing_is_left(tmp_path):
    (tmp_path / "part_one.npz").touch()
    (tmp_path / "voxpack.py").write_text(
        "import pathlib, sys\nassert sys.argv[1] == 'unpack'\n"
        "for name in ('images', 'labels'): (pathlib.Path(sys.argv[2]) / name).mkdir()\n",
        encoding="utf-8",
    )
    with scans_of(tmp_path) as scans:
        assert {path.name for path in scans.iterdir()} == {"images", "labels"}
        assert scans != tmp_path
    assert not scans.exists()


def test_a_set_of_files_is_read_where_it_lies(tmp_path):
    (tmp_path / "images").mkdir()
    with scans_of(tmp_path) as scans:
        assert scans == tmp_path


@pytest.mark.real
def test_the_published_left_atrium_splits_are_these(real_data):
    splits = json.loads((real_data / "la" / "splits.json").read_text(encoding="utf-8"))
    for labels in (4, 8, 16):
        who = protocol(splits, labels)
        assert list(who.labelled) == splits[f"labelled_{labels}"]
        assert list(who.unlabelled) == splits[f"unlabelled_for_labelled_{labels}"]

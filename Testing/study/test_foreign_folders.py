"""Folders of MONAI Label and nnU-Net open as studies where they lie, with the labels that are in them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support.studies import GRID, everything_in, label_of, tiny_study, write_label_file, write_scan

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.labels import read_label
from DualSSLSegLib.study.folder import StudyFolder


def _monai_folder(root, infos, cases=("a", "b", "c")):
    for seed, case in enumerate(cases):
        write_scan(root / f"{case}.nii.gz", seed)
    objects = {}
    for case, info in infos.items():
        entry = {"ext": ".nii.gz", "info": {"label_info": [{"name": n, "idx": v} for n, v in info.items()]}}
        objects[case] = {"image": {"ext": ".nii.gz", "info": {}}, "labels": {"final": entry}}
    index = {"name": "x", "description": "", "images_dir": ".", "labels_dir": "labels", "objects": objects}
    (root / "datastore_v2.json").write_text(json.dumps(index), encoding="utf-8")


def _without_ours(root):
    return {k: v for k, v in everything_in(root).items() if not k.startswith(".dualsslseg")}


def test_a_monai_label_folder_opens_with_its_names_and_labels(tmp_path):
    _monai_folder(tmp_path, {"a": {"spleen": 1, "liver": 6}})
    write_label_file(tmp_path / "labels" / "final" / "a.nii.gz", 6)
    write_label_file(tmp_path / "labels" / "original" / "b.nii.gz", 6)
    before = _without_ours(tmp_path)
    study = StudyFolder.open(tmp_path)
    assert [(s.name, s.value) for s in study.structures] == [("spleen", 1), ("liver", 6)]
    (revision,) = study.revisions("a")
    assert revision.origin == "imported"
    assert [c.state for c in study.status().cases] == ["labelled", "predicted", "new"]
    assert _without_ours(tmp_path) == before
    study.add_revision("a", label_of(1), author="Ada", origin="corrected")
    assert (tmp_path / "datastore_v2.json").read_bytes() == before["datastore_v2.json"]
    assert sorted(p.name for p in (tmp_path / "labels").iterdir()) == ["final", "original"]


def test_labels_of_monai_label_are_read_by_name_when_their_values_differ(tmp_path):
    _monai_folder(tmp_path, {"a": {"liver": 1, "spleen": 2}, "b": {"spleen": 1}})
    write_label_file(tmp_path / "labels" / "final" / "a.nii.gz", 2)
    write_label_file(tmp_path / "labels" / "final" / "b.nii.gz", 1)
    study = StudyFolder.open(tmp_path)
    for case in "ab":
        label = read_label(study.latest(case).path, GRID, study.structures)
        assert np.array_equal(label, label_of(study.structures[1].value)), case
    assert [s.name for s in study.structures] == ["liver", "spleen"]


def test_labels_without_names_need_names(tmp_path):
    write_scan(tmp_path / "a.nii.gz")
    write_label_file(tmp_path / "labels" / "final" / "a.nii.gz", 2)
    with pytest.raises(BadInput, match="dualsslseg init"):
        StudyFolder.open(tmp_path)
    assert not (tmp_path / ".dualsslseg").exists()
    study = StudyFolder.create(tmp_path, ["liver", "tumour"])
    assert study.latest("a").origin == "imported"


def test_names_given_for_a_monai_label_folder_join_the_ones_it_has(tmp_path):
    _monai_folder(tmp_path, {"a": {"liver": 6}})
    study = StudyFolder.create(tmp_path, ["Liver", "tumour"])
    assert [(s.name, s.value) for s in study.structures] == [("liver", 6), ("tumour", 7)]


@pytest.mark.parametrize(
    "index", ["{broken", '{"objects": {"a": {"labels": {"final": {"info": {"label_info": [3]}}}}}}']
)
def test_a_damaged_index_is_named(tmp_path, index):
    write_scan(tmp_path / "a.nii.gz")
    (tmp_path / "datastore_v2.json").write_text(index, encoding="utf-8")
    with pytest.raises(BadInput, match=r"datastore_v2\.json"):
        StudyFolder.open(tmp_path)


def _nnunet_folder(root, description=None, channels=2):
    for case in ("tr_1", "tr_2"):
        for channel in range(channels):
            write_scan(root / "imagesTr" / f"{case}_{channel:04d}.nii.gz", channel)
        write_label_file(root / "labelsTr" / f"{case}.nii.gz", 2)
    for channel in range(channels):
        write_scan(root / "imagesTs" / f"ts_1_{channel:04d}.nii.gz", channel)
    description = description or {
        "channel_names": {str(c): f"MR{c}" for c in range(channels)},
        "labels": {"background": 0, "oedema": 1, "core": 2, "ignore": 3},
        "numTraining": 2,
        "file_ending": ".nii.gz",
    }
    (root / "dataset.json").write_text(json.dumps(description), encoding="utf-8")


def test_an_nnunet_data_set_opens_with_channels_names_and_labels(tmp_path):
    _nnunet_folder(tmp_path)
    before = _without_ours(tmp_path)
    study = StudyFolder.open(tmp_path)
    assert study.channels == 2
    assert [(s.name, s.value) for s in study.structures] == [("oedema", 1), ("core", 2)]
    assert list(study.cases()) == ["tr_1", "tr_2", "ts_1"] and len(study.case("ts_1").paths) == 2
    assert [c.state for c in study.status().cases] == ["labelled", "labelled", "new"]
    assert study.latest("tr_1").origin == "imported"
    after = _without_ours(tmp_path)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"labels/final/tr_1.nii.gz", "labels/final/tr_2.nii.gz"}
    study.add_revision("tr_1", label_of(1), author="Ada", origin="corrected")
    assert StudyFolder.open(tmp_path).reconcile().imported == ()
    assert [r.origin for r in study.revisions("tr_1")] == ["imported", "corrected"]


def test_one_channel_is_numbered_too_and_contradictions_are_refused(tmp_path):
    _nnunet_folder(tmp_path, channels=1)
    with pytest.raises(BadInput, match="has 1 channels, not 2"):
        StudyFolder.create(tmp_path, None, channels=2)
    study = StudyFolder.create(tmp_path, ["Core"], channels=1)
    assert study.case("ts_1").paths[0].name == "ts_1_0000.nii.gz" and len(study.structures) == 2


def test_the_elder_form_without_channel_numbers(tmp_path):
    for case in ("hippocampus_001", "hippocampus_003"):
        write_scan(tmp_path / "imagesTr" / f"{case}.nii.gz")
        write_label_file(tmp_path / "labelsTr" / f"{case}.nii.gz", 2)
        (tmp_path / "imagesTr" / f"._{case}.nii.gz").write_bytes(b"resource fork")
    description = {"modality": {"0": "MRI"}, "labels": {"0": "background", "1": "Anterior", "2": "Posterior"}}
    (tmp_path / "dataset.json").write_text(json.dumps(description), encoding="utf-8")
    study = StudyFolder.open(tmp_path)
    assert list(study.cases()) == ["hippocampus_001", "hippocampus_003"]
    assert [(s.name, s.value) for s in study.structures] == [("Anterior", 1), ("Posterior", 2)]
    assert study.status().counts["labelled"] == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"labels": {"background": 0, "whole": [1, 2]}}, "regions"),
        ({"channel_names": {}}, "names no channels"),
        ({"file_ending": ".tif"}, "not supported"),
        ({"labels": {"a": 1, "b": 1}}, "belongs to another"),
    ],
)
def test_data_sets_that_cannot_be_studies_say_why(tmp_path, change, words):
    description = {
        "channel_names": {"0": "CT"},
        "labels": {"background": 0, "a": 1},
        "file_ending": ".nii.gz",
    }
    _nnunet_folder(tmp_path, {**description, **change}, channels=1)
    with pytest.raises(BadInput, match=rf"dataset\.json: .*{words}"):
        StudyFolder.open(tmp_path)
    assert not (tmp_path / ".dualsslseg").exists()


def test_a_label_that_cannot_be_imported_stops_no_other(tmp_path):
    _nnunet_folder(tmp_path)
    write_label_file(tmp_path / "labelsTr" / "tr_1.nii.gz", 3)  # nnU-Net's "ignore"
    study = StudyFolder.open(tmp_path)
    assert study.latest("tr_1") is None and study.latest("tr_2").number == 1
    (problem,) = study.reconcile().problems
    assert problem.cases == ("tr_1",) and "does not know" in problem.reason


def test_a_study_of_ours_is_not_taken_for_a_foreign_folder(tmp_path):
    study = tiny_study(tmp_path)
    study.add_revision("a", label_of(), author="Ada", origin="manual")
    assert [s.name for s in StudyFolder.open(tmp_path).structures] == ["liver", "tumour"]

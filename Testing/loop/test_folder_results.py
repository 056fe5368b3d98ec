"""Segmenting a folder, scan by scan, and one result to look at."""

from __future__ import annotations

import numpy as np
import pytest
from support.predictions import tell
from support.studies import label_of, write_label_file, write_scan

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.read import read_grid
from DualSSLSegLib.imaging.seg_nrrd import write_segmentation
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.loop.folder_results import FolderResults, open_result
from DualSSLSegLib.study.model import Structure


def make_run(folder, names, refused=(), **more):
    rows = [
        {"id": name, "paths": [str(write_scan(folder / "in" / f"{name}.nii.gz"))], "role": "predict"}
        for name in names
    ]
    (folder / "out").mkdir()
    spec = {"kind": "segment", "model": str(folder / "model.pt"), "output": str(folder / "out"), **more}
    return RunFolder.create(
        folder / "out" / ".dualsslseg" / "runs", spec, {"cases": rows, "refused": list(refused)}
    )


def test_rows_follow_the_run(tmp_path):
    run = make_run(tmp_path, ["a", "b", "c", "d"], [["e", "twice there"]])
    results = FolderResults(run)
    assert [(row.name, row.state) for row in results.look()] == [
        *((name, "waiting") for name in "abcd"),
        ("e", "failed"),
    ]
    tell(run, {"type": "predicted", "case": "a"}, {"type": "skipped", "case": "b"})
    tell(run, {"type": "warning", "code": "bad_scan", "case": "c", "text": "c was not segmented: it is cut."})
    rows = {row.name: row for row in results.look()}
    assert [rows[name].state for name in "abcd"] == ["done", "skipped", "failed", "waiting"]
    assert rows["c"].detail == "c was not segmented: it is cut."


def test_channels_of_one_scan_become_one_row(tmp_path):
    run = make_run(tmp_path, ["p_0000", "p_0001", "q_0000"])
    results = FolderResults(run)
    tell(run, {"type": "predicted", "case": "p"})
    assert [(row.name, row.state) for row in results.look()] == [("q_0000", "waiting"), ("p", "done")]
    write_label_file(tmp_path / "out" / "p.nii.gz")
    assert open_result(run, "p").volume.array.shape[0] == 2


def test_a_result_is_opened_with_its_scan(tmp_path):
    run = make_run(tmp_path, ["a"])
    with pytest.raises(BadInput, match="not there"):
        open_result(run, "a")
    write_label_file(tmp_path / "out" / "a.nii.gz", 3)
    opened = open_result(run, "a")
    assert opened.source == "result" and np.array_equal(opened.label, label_of(3))
    assert [(s.name, s.value) for s in opened.structures] == [("structure 3", 3)]
    assert "belongs to no study" in opened.note


def test_names_and_colours_are_those_of_the_model(tmp_path):
    run = make_run(tmp_path, ["a"])
    tell(run, {"type": "model", "structures": [{"name": "liver", "value": 3, "color": "#112233"}]})
    write_label_file(tmp_path / "out" / "a.nii.gz", 3)
    assert [(s.name, s.color) for s in open_result(run, "a").structures] == [("liver", "#112233")]


def test_a_result_is_opened_in_the_format_it_was_asked_for(tmp_path):
    run = make_run(tmp_path, ["a"], format=".seg.nrrd")
    liver = {"name": "liver", "value": 3, "color": "#112233", "codes": None}
    tell(run, {"type": "model", "structures": [liver]})
    label = label_of(3)
    write_segmentation(
        tmp_path / "out" / "a.seg.nrrd", label, read_grid(tmp_path / "in" / "a.nii.gz"), [Structure(**liver)]
    )
    opened = open_result(run, "a")
    assert np.array_equal(opened.label, label) and [s.name for s in opened.structures] == ["liver"]

"""Segmenting a folder, scan by scan, and one result to look at."""

from __future__ import annotations

import numpy as np
import pytest
from support.predictions import tell
from support.studies import label_of, write_label_file, write_scan

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.loop.folder_results import FolderResults, open_result


def make_run(folder, names, refused=()):
    rows = [
        {"id": name, "paths": [str(write_scan(folder / "in" / f"{name}.nii.gz"))], "role": "predict"}
        for name in names
    ]
    (folder / "out").mkdir()
    spec = {"kind": "segment", "model": str(folder / "model.pt"), "output": str(folder / "out")}
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


def test_names_come_from_the_training_beside_the_model(tmp_path):
    run = make_run(tmp_path, ["a"])
    training = tmp_path / "run"
    (training / "checkpoints").mkdir(parents=True)
    (training / "spec.json").write_text('{"structures": [{"name": "liver", "value": 3, "color": "#112233"}]}')
    spec = run.spec_path.read_text().replace("model.pt", "run/checkpoints/model.pt")
    run.spec_path.write_text(spec)
    write_label_file(tmp_path / "out" / "a.nii.gz", 3)
    assert [(s.name, s.color) for s in open_result(run, "a").structures] == [("liver", "#112233")]

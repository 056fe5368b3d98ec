"""Segmenting any folder: one label map per scan, bad ones named, nothing of the user's replaced, a rerun skips."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest
from support.mapped_files import keep_mapped_files
from support.tiny_scans import STRUCTURES, tiny_grid, write_tiny_scan

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging import nrrd
from DualSSLSegLib.jobs.journal import EventReader
from DualSSLSegLib.jobs.monitor import state_of
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.networks.build import build
from DualSSLSegLib.training.model_file import Model, save_model
from DualSSLSegLib.training.plan import TrainingPlan
from DualSSLSegLib.worker import case_prediction
from DualSSLSegLib.worker import segment as segment_run
from DualSSLSegLib.worker.inputs import InputCase
from DualSSLSegLib.worker.segment import channels_together
from DualSSLSegLib.worker.segmented import SegmentedRecords
from DualSSLSegLib.worker.session import serve


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """An untrained model: what matters here is where its results go."""
    path = tmp_path_factory.mktemp("model") / "model.pt"
    plan = TrainingPlan(working_spacing_mm=(1.0, 1.0, 1.25), patch_size=(32, 32, 32), width=2)
    architectures = {"a": "resvnet", "b": "vnet"}
    networks = {
        role: build(name, in_channels=1, num_classes=3, width=2, norm="instance").eval()
        for role, name in architectures.items()
    }
    mr = {"mode": "mr", "low": 0.0, "high": 0.0, "mean": 0.0, "std": 1.0}
    save_model(
        path,
        Model(networks, architectures, plan, {"channels": [mr], "explanation": ""}, STRUCTURES, channels=1),
    )
    return path


def segment(tmp_path, model, *, refused=(), **spec) -> RunFolder:
    output = tmp_path / "out"
    cases = [
        {"id": path.name.split(".")[0], "paths": [str(path)], "role": "predict", "label": None}
        for path in sorted((tmp_path / "in").iterdir())
    ]
    request = {"kind": "segment", "model": str(model), "output": str(output), "device": "cpu", **spec}
    run = RunFolder.create(output / ".dualsslseg" / "runs", request, {"cases": cases, "refused": refused})
    assert serve(run) == 0
    return run


def visible(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_every_scan_gets_one_label_map_on_its_grid_and_maps_only_on_request(tmp_path, model):
    write_tiny_scan(tmp_path / "in", "a", 1)
    write_tiny_scan(tmp_path / "in", "b", 2, suffix=".nrrd")
    segment(tmp_path, model)
    assert visible(tmp_path / "out") == ["a.nii.gz", "b.nii.gz"]
    image = nibabel.load(tmp_path / "out" / "b.nii.gz")
    assert np.allclose(image.affine, tiny_grid(2).affine) and image.shape == tiny_grid(2).shape
    state = state_of(segment(tmp_path, model, uncertainty=True))
    assert visible(tmp_path / "out") == [
        "a.nii.gz",
        "a_uncertainty.nii.gz",
        "b.nii.gz",
        "b_uncertainty.nii.gz",
    ]
    assert state.result["segmented"] == 2


def test_a_bad_scan_never_stops_the_rest_and_all_bad_ones_are_named(tmp_path, model):
    write_tiny_scan(tmp_path / "in", "good", 1)
    (tmp_path / "in" / "bad_empty.nii.gz").touch()
    (tmp_path / "in" / "bad_text.nrrd").write_text("not a scan")
    run = segment(tmp_path, model, refused=[["twice", "two files of this name."]])
    result = state_of(run).result
    assert result["segmented"] == 1 and visible(tmp_path / "out") == ["good.nii.gz"]
    assert set(result["failed"]) == {"bad_empty", "bad_text", "twice"}
    assert "empty" in result["failed"]["bad_empty"] and result["failed"]["twice"] == "two files of this name."


def test_a_rerun_skips_what_is_done_and_does_what_changed(tmp_path, model):
    write_tiny_scan(tmp_path / "in", "a", 1)
    write_tiny_scan(tmp_path / "in", "b", 2)
    segment(tmp_path, model)
    first = (tmp_path / "out" / "a.nii.gz").stat().st_mtime_ns
    write_tiny_scan(tmp_path / "in", "b", 3)
    result = state_of(segment(tmp_path, model)).result
    assert (result["segmented"], result["skipped"]) == (1, 1)
    assert (tmp_path / "out" / "a.nii.gz").stat().st_mtime_ns == first
    (tmp_path / "out" / "a.nii.gz").unlink()
    result = state_of(segment(tmp_path, model)).result
    assert (result["segmented"], result["skipped"]) == (1, 1)


def test_a_file_of_the_users_own_is_never_replaced(tmp_path, model):
    write_tiny_scan(tmp_path / "in", "a", 1)
    write_tiny_scan(tmp_path / "in", "b", 2)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.nii.gz").write_bytes(b"mine")
    result = state_of(segment(tmp_path, model)).result
    assert "not written by this program" in result["failed"]["a"] and result["segmented"] == 1
    assert (tmp_path / "out" / "a.nii.gz").read_bytes() == b"mine"
    corrected = (tmp_path / "out" / "b.nii.gz").read_bytes() + b"corrected"
    (tmp_path / "out" / "b.nii.gz").write_bytes(corrected)
    assert "changed since" in state_of(segment(tmp_path, model)).result["failed"]["b"]
    assert (tmp_path / "out" / "b.nii.gz").read_bytes() == corrected


def test_a_map_of_an_earlier_run_stays_known_as_ours_and_is_up_to_date_only_for_its_model(tmp_path):
    scan, label, extra = tmp_path / "a.nrrd", tmp_path / "a.nii.gz", tmp_path / "a_uncertainty.nii.gz"
    for path in (scan, label, extra):
        path.write_bytes(path.name.encode())
    first, second = SegmentedRecords(tmp_path, "one"), SegmentedRecords(tmp_path, "two")
    with pytest.raises(BadInput, match="not written by this program"):
        first.refuse_foreign("a", [label])
    for path in (label, extra):
        path.unlink()
    first.begin("a", [label, extra])
    label.write_bytes(b"1")
    extra.write_bytes(b"1")
    first.finish("a", [scan], [label, extra])
    first.begin("a", [label])
    label.write_bytes(b"12")
    first.finish("a", [scan], [label])
    assert first.is_done("a", [scan], [label, extra])
    second.begin("a", [label])
    label.write_bytes(b"123")
    second.finish("a", [scan], [label])
    assert second.is_done("a", [scan], [label]) and not second.is_done("a", [scan], [label, extra])
    second.begin("a", [label, extra])


def test_a_scan_named_like_another_ones_uncertainty_map_is_not_overwritten(tmp_path, model):
    write_tiny_scan(tmp_path / "in", "a", 1)
    write_tiny_scan(tmp_path / "in", "a_uncertainty", 2)
    result = state_of(segment(tmp_path, model, uncertainty=True)).result
    assert list(result["failed"]) == ["a"] and result["segmented"] == 1


def test_channels_of_one_scan_are_brought_together(tmp_path):
    cases = [
        InputCase(name, (tmp_path / f"{name}.nii",), "predict")
        for name in ("p_0001", "p_0000", "q_0000", "lonely")
    ]
    failed: dict[str, str] = {}
    together = channels_together(cases, 2, failed)
    assert [(case.id, [path.name for path in case.paths]) for case in together] == [
        ("p", ["p_0000.nii", "p_0001.nii"])
    ]
    assert set(failed) == {"q", "lonely"} and "_0001" in failed["q"]
    assert channels_together(cases, 1, {}) == cases


def test_a_scratch_file_goes_with_its_scan_and_one_that_cannot_be_removed_yet_goes_at_the_end(
    tmp_path, model, monkeypatch
):
    removed, refused = keep_mapped_files(monkeypatch)
    monkeypatch.setattr(case_prediction, "memory_limit", lambda _free: 0)
    write_tiny_scan(tmp_path / "in", "a", 1)
    segment(tmp_path, model, uncertainty=True)
    assert len(removed) == 1 and not refused

    held, whole = [], segment_run.segment_maps

    def looked_at_by_a_virus_scanner(prediction, *rest):
        held[:] = [prediction.probabilities] if not held else []
        return whole(prediction, *rest)

    monkeypatch.setattr(segment_run, "segment_maps", looked_at_by_a_virus_scanner)
    write_tiny_scan(tmp_path / "in", "b", 2)
    write_tiny_scan(tmp_path / "in", "c", 3)
    run = segment(tmp_path, model)
    assert state_of(run).result["segmented"] == 2 and len(refused) == 1
    assert not list(run.predictions.glob("*.npy"))


def test_results_in_slicers_format_carry_the_names(tmp_path, model):
    write_tiny_scan(tmp_path / "in", "a", 1)
    run = segment(tmp_path, model, format=".seg.nrrd", uncertainty=True)
    assert visible(tmp_path / "out") == ["a.seg.nrrd", "a_uncertainty.nrrd"]
    fields = nrrd.read_header(tmp_path / "out" / "a.seg.nrrd").fields
    assert [fields["Segment0_Name"], fields["Segment1_Name"]] == ["ball", "block"]
    told = [event for event in EventReader(run.events_path).read() if event["type"] == "model"]
    assert [row["name"] for row in told[0]["structures"]] == ["ball", "block"]
    segment(tmp_path, model, format=".seg.nrrd", uncertainty=True)
    assert visible(tmp_path / "out") == ["a.seg.nrrd", "a_uncertainty.nrrd"]  # done already

"""Images and structures that change under the panel."""

from __future__ import annotations

import numpy as np
import pytest
from support.benches import ToldWorkers
from support.predictions import tell, write_prediction
from support.studies import GRID, label_of, write_scan

from DualSSLSegLib.imaging.geometry import Grid
from DualSSLSegLib.imaging.labels import read_label
from DualSSLSegLib.study.folder import StudyFolder

pytestmark = pytest.mark.panel

OTHER_SIZE = Grid((9, 7, 8), GRID.affine)


@pytest.fixture
def study(panel, scans):
    panel.workbench.launcher = ToldWorkers()
    panel.new_study(scans, "liver, tumour")
    panel.wait_until(lambda: not panel.workbench.busy)
    return panel


def errors(hand) -> list[str]:
    return [f"{row.text} {row.hint}" for row in hand.panel.messages.rows if row.kind == "error"]


def refresh(hand) -> None:
    hand.click(hand.panel.study.ui.refreshButton)
    hand.wait_until(lambda: not hand.workbench.busy)


def state_of(hand, case) -> str:
    return next((row.state for row in hand.workbench.rows if row.id == case), "")


def damage(path, how) -> None:
    if how == "replaced":
        write_scan(path, 9, OTHER_SIZE)
    elif how == "deleted":
        path.unlink()
    elif how == "truncated":
        path.write_bytes(path.read_bytes()[:-200])
    else:
        path.write_bytes(b"")


@pytest.mark.parametrize("how", ["replaced", "deleted", "truncated", "emptied"])
def test_a_scan_that_changes_while_it_is_drawn_on_takes_no_wrong_label(study, scans, tmp_path, how):
    case = study.open_next()
    strokes = study.paint("liver").transpose(2, 1, 0)
    study.wait_until(lambda: not study.workbench.busy)
    path = scans / f"{case}.nii.gz"
    before = path.read_bytes()
    damage(path, how)
    study.click(study.panel.annotate.ui.submitButton)
    study.wait_until(lambda: errors(study) and not study.workbench.busy)
    assert case in errors(study)[0] and "unexpected" not in errors(study)[0]
    assert np.array_equal(study.workbench.case_scene.label(), strokes)  # whatever the file says
    assert not (scans / ".dualsslseg" / "labels" / case).exists()  # no revision of it
    refresh(study)
    study.workbench.open_case("scan_11")  # the case can be left: its strokes are kept
    study.wait_until(lambda: study.workbench.case == "scan_11" and not study.workbench.busy)
    path.write_bytes(before)
    refresh(study)
    study.workbench.open_case(case)
    study.wait_until(lambda: study.workbench.case == case and not study.workbench.busy)
    kept = [*(scans / ".dualsslseg" / "drafts").rglob(f"{case}*.nii.gz")]
    kept += [*(tmp_path / "home").rglob(f"*{case}*.nii.gz")]
    assert any(np.array_equal(read_label(p, GRID, study.workbench.structures), strokes) for p in kept)


@pytest.mark.parametrize("how", ["replaced", "deleted", "truncated", "emptied"])
def test_a_scan_that_changed_before_it_is_opened_is_said_and_the_others_go_on(study, scans, how):
    damage(scans / "scan_1.nii.gz", how)
    study.workbench.open_case("scan_1")
    if how == "replaced":  # nothing was known of it: it is simply another scan
        study.wait_until(lambda: study.workbench.case == "scan_1")
        assert study.workbench.case_scene.label().shape == OTHER_SIZE.shape
        return
    study.wait_until(lambda: errors(study) and not study.workbench.busy)
    assert "scan_1" in errors(study)[0] and study.workbench.case is None
    refresh(study)
    assert state_of(study, "scan_1") in ("", "failed")
    assert study.open_next() == "scan_2"


def test_a_labelled_scan_that_is_replaced_fails_with_the_reason_and_does_not_train(study, scans):
    for _ in range(2):
        study.open_next()
        study.paint("liver")
        study.submit()
    write_scan(scans / "scan_1.nii.gz", 9, OTHER_SIZE)
    refresh(study)
    row = next(row for row in study.workbench.rows if row.id == "scan_1")
    assert row.state == "failed" and "replaced" in row.problem
    study.click(study.panel.train.ui.trainButton)
    study.wait_until(lambda: errors(study))
    assert "scan_1" in errors(study)[0] and "must not be used" in errors(study)[0]
    assert study.workbench.run is None and study.workbench.launcher.launched == []


def test_structures_that_change_during_a_run_change_neither_its_values_nor_the_review(study, scans):
    study.open_next()
    study.paint("liver")
    study.submit()
    study.wait_until(lambda: study.panel.train.ui.trainButton.enabled)
    study.click(study.panel.train.ui.trainButton)
    study.wait_until(lambda: study.workbench.run_words is not None)
    run = study.workbench.run
    study.workbench.rename_structure("tumour", "lesion")
    study.wait_until(lambda: study.workbench.structures[1].name == "lesion")
    study.workbench.add_structure("bone")
    study.wait_until(lambda: len(study.workbench.structures) == 3 and not study.workbench.busy)
    tell(run, {"type": "phase", "name": "train", "total": 10})
    tell(run, {"type": "validated", "step": 1, "measure": "agreement", "agreement": {"tumour": 0.5}})
    predicted = np.maximum(label_of(1, 2), np.flip(label_of(2, 2)))
    write_prediction(run, "scan_2", predicted, GRID, ["liver", "tumour"])
    tell(run, {"type": "predicted", "case": "scan_2"}, {"type": "finished", "predicted": 1})
    study.wait_until(lambda: study.workbench.counts["predicted"] == 1 and not study.workbench.busy)
    study.click(study.panel.review.ui.reviewNextButton)
    study.wait_until(lambda: study.workbench.prediction is not None)
    study.click(study.panel.review.ui.correctButton)
    study.wait_until(lambda: study.workbench.opened.source == "prediction" and not study.workbench.busy)
    assert np.array_equal(study.workbench.case_scene.label(), predicted)
    added = study.paint("bone", size=1, at=4).transpose(2, 1, 0)
    study.submit()
    label = StudyFolder.open(scans).latest("scan_2")
    wanted = np.where(added, 3, predicted)
    assert np.array_equal(read_label(label.path, GRID, study.workbench.structures), wanted)
    row = next(row for row in study.workbench.rows if row.id == "scan_2")
    assert row.structures == ("liver", "lesion", "bone")

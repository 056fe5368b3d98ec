"""Names as people give them: of folders, scans and structures."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from support.quick_worker import QuickLauncher
from support.studies import GRID, write_scan

from DualSSLSegLib.imaging.labels import read_label
from DualSSLSegLib.study.folder import StudyFolder

pytestmark = pytest.mark.panel

NAMES = {
    "spaces": ("my  scans ", "patient one (copy) ", "left  lung"),
    "umlauts": ("Größe äöü ß", "Jürgen Müßig", "Gallenblase (größer)"),
    "decomposed": ("Gro\u0308ße", "Ju\u0308rgen", "Dru\u0308se"),
    "cjk": ("肝臓の検査", "患者一号", "肝臓"),
    "signs": ("a#%&b", "50% #2 & more", "T&M <b>#1</b> 100%"),
    "quotes": ("it's 'mine'", 'the "left" one\'s', 'so-called "mass"'),
    "long": ("f" * 200, "c" * 200, "s" * 60),
    "emoji": ("🫁 lungs", "🫀 one", "🦴 bone"),
    "dots and dashes": ("-rf ..", "--help.v2..final", "-1"),
    "format": ("{name} %s", "{0} {case} %d", "{} structure"),
}


@pytest.mark.parametrize("kind", NAMES)
def test_a_whole_round_with_odd_names(panel, tmp_path, kind):
    """Made, labelled, kept as a draft, trained, reviewed, accepted, and opened once more from the list."""
    folder_name, case, structure = NAMES[kind]
    structure = unicodedata.normalize("NFC", structure)  # as it is kept
    folder = tmp_path / folder_name / "scans"
    for seed, name in enumerate((case, "b other")):
        write_scan(folder / f"{name}.nii.gz", seed)
    workbench = panel.workbench
    workbench.launcher = QuickLauncher()
    panel.choose_folder(folder)
    panel.panel.study.open_folder(str(folder))
    workbench.create_study(folder, [structure])
    panel.wait_until(lambda: len(workbench.rows) == 2 and not workbench.busy)
    assert [s.name for s in workbench.structures] == [structure.strip()]
    assert case in {row.id for row in workbench.rows}
    workbench.open_case(case)
    panel.wait_until(lambda: workbench.case == case and not workbench.busy)
    strokes = panel.paint(structure.strip()).transpose(2, 1, 0)
    panel.click(panel.panel.annotate.ui.saveButton)
    panel.wait_until(lambda: not workbench.changed and not workbench.busy)
    assert StudyFolder.open(folder).drafts.ids() == {case}
    assert panel.panel.annotate.ui.caseLabel.text == case
    panel.submit()
    study = StudyFolder.open(folder)
    assert np.array_equal(read_label(study.latest(case).path, GRID, study.structures), strokes)
    panel.wait_until(lambda: panel.panel.train.ui.trainButton.enabled)
    panel.click(panel.panel.train.ui.trainButton)
    panel.wait_until(lambda: workbench.counts["predicted"] == 1 and not workbench.busy)
    assert workbench.run_state.status == "finished", workbench.run.console_path.read_text()
    panel.click(panel.panel.review.ui.reviewThisButton)
    panel.wait_until(lambda: workbench.prediction is not None and not workbench.busy)
    panel.click(panel.panel.review.ui.acceptButton)
    panel.wait_until(lambda: workbench.counts["reviewed"] == 1 and not workbench.busy)
    workbench.close_study()
    panel.wait_until(lambda: workbench.study_path is None)
    panel.click(panel.panel.study.ui.reopenButton)
    panel.wait_until(lambda: workbench.counts["labelled"] == 1 and not workbench.busy)
    assert workbench.study_path == folder


def test_a_structure_with_a_name_like_another_ones_is_refused_in_words(panel, scans):
    panel.new_study(scans, "Drüse")
    for name in ("Dru\u0308se", "DRÜSE ", "", "  "):
        for row in list(panel.panel.messages.rows):
            panel.panel.messages.remove(row)
        panel.workbench.add_structure(name)
        panel.wait_until(lambda: any(r.kind == "error" for r in panel.panel.messages.rows))
    assert len(panel.workbench.structures) == 1

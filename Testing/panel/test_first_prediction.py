"""From an empty scene to the first prediction of one's own structure, by a hand that counts its clicks."""

from __future__ import annotations

import pytest
from support.quick_worker import QuickLauncher

pytestmark = pytest.mark.panel


def test_at_most_eight_clicks_to_the_first_own_prediction(panel, scans):
    panel.workbench.launcher = QuickLauncher()
    panel.new_study(scans, "liver")
    panel.open_next()
    panel.paint("liver")
    panel.submit()
    panel.paint("liver")
    panel.submit()
    button = panel.panel.train.ui.trainButton
    panel.wait_until(lambda: button.enabled)
    panel.click(button)
    panel.wait_until(lambda: any(row.state == "predicted" for row in panel.workbench.rows))
    assert panel.workbench.run_state.status == "finished", panel.workbench.run.console_path.read_text()
    assert panel.clicks <= 8

"""The module in a Slicer-like process, loaded as Slicer loads it; every test begins with an empty scene."""

from __future__ import annotations

from pathlib import Path

import pytest
from host.fixtures import clean_host, slicer_host  # noqa: F401 - fixtures
from support.clicking import Hand

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def panel(clean_host, tmp_path, monkeypatch):  # noqa: F811 - the fixture
    """A hand on the panel of the loaded module; at the end it is unloaded, and nothing went wrong unseen."""
    import qt
    import slicer

    monkeypatch.setenv(
        "HOME", str(tmp_path / "home")
    )  # settings and rescued labels of the user stay out of it
    monkeypatch.setenv("DUALSSLSEG_SETTINGS", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    qt.QSettings().remove("DualSSLSeg")
    clean_host.load_module(REPOSITORY / "DualSSLSeg" / "DualSSLSeg.py")
    yield Hand(slicer.modules.DualSSLSegWidget)
    if hasattr(slicer.modules, "dualsslseg"):
        clean_host.unload("DualSSLSeg")


@pytest.fixture
def scans(tmp_path) -> Path:
    """A folder of four tiny scans, and not a study."""
    from support.studies import write_scan

    folder = tmp_path / "Leber CT äöü"
    for seed, name in enumerate(("scan_1", "scan_2", "scan_10", "scan_11")):
        write_scan(folder / f"{name}.nii.gz", seed)
    return folder

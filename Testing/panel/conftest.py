"""The module in a Slicer-like process, loaded as Slicer loads it; every test begins with an empty scene."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
from host.fixtures import clean_host, slicer_host  # noqa: F401 - fixtures
from support.clicking import Hand

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def library():
    """Reloading the module imports the library again; the other tests keep the one they know."""
    before = _library()
    yield
    for name in _library():
        del sys.modules[name]
    sys.modules.update(before)


def _library() -> dict[str, ModuleType]:
    return {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "DualSSLSegLib"}


@pytest.fixture
def known_python(library, monkeypatch):
    """The Python that runs the tests is really asked what it has, but once: it loads torch for every answer, and the
    panel asks as soon as something could be trained. Any other Python is asked each time."""
    from DualSSLSegLib.packages.setting import WorkerSetting
    from DualSSLSegLib.workbench import setup_steps

    ask = setup_steps.probe

    def ask_once(setting: WorkerSetting):
        if setting != WorkerSetting():
            return ask(setting)
        if not _ANSWER:
            _ANSWER.append(ask(setting))
        return _ANSWER[0]

    monkeypatch.setattr(setup_steps, "probe", ask_once)


_ANSWER: list = []


@pytest.fixture
def panel(known_python, clean_host, tmp_path, monkeypatch):  # noqa: F811 - the fixture
    """A hand on the panel of the loaded module; at the end it is unloaded, and nothing went wrong unseen."""
    import qt
    import slicer

    home = tmp_path / "home"  # settings and rescued labels of the user stay out of it
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("DUALSSLSEG_SETTINGS", str(home))
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

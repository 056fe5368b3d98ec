"""The module as Slicer meets it: found at start-up without loading anything, from a checkout and installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from host.fixtures import missing_packages
from support.file_lists import ROOT, in_tree
from support.studies import tiny_study

pytestmark = [
    pytest.mark.panel,
    pytest.mark.skipif(bool(missing_packages()), reason="Slicer's compiled core is not installed"),
]

# Runs in a process of its own; argv: the module's file, this folder of tests. The library's own installation in this
# Python is hidden, so that it is found as in Slicer or not at all.
START = """
import json, sys
door, tests = sys.argv[1:3]
sys.path.insert(0, tests)
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in str(finder)]
sys.path[:] = [entry for entry in sys.path if entry not in ("", sys.argv[3])]
from host import application
application.start()
before = set(sys.modules)
module = application.load_module(door, panel=False)
import slicer
added = sorted(set(sys.modules) - before)
source = sys.modules["DualSSLSeg"]
import DualSSLSegLib
print(json.dumps({
    "added": added, "title": module.title, "categories": list(module.categories), "help": module.helpText,
    "acknowledgement": module.acknowledgementText, "icon": not module.icon.isNull(), "errors": application.errors,
    "library": list(DualSSLSegLib.__path__)[0], "resources": [source.resource_path(name) for name in sys.argv[4:]],
}))
sys.stdout.flush()
import os
os._exit(0)
"""

# What Reload does: argv as above, then a study. In a process of its own, because the library is read anew.
RELOAD = """
import json, sys
door, tests, study = sys.argv[1:4]
sys.path.insert(0, tests)
from host import application
application.start()
application.load_module(door)
import slicer
before = slicer.modules.DualSSLSegWidget
before.workbench.open_study(study)
application.settle(1500)
library = sys.modules["DualSSLSegLib.workbench.workbench"]
before.onReload()
after = slicer.modules.DualSSLSegWidget
after.workbench.open_study(study)
application.settle(1500)
print(json.dumps({
    "let_go": before.panel is None and before.workbench is None, "new": after is not before,
    "read_anew": sys.modules["DualSSLSegLib.workbench.workbench"] is not library,
    "open": after.workbench.controller is not None, "read_only": after.workbench.read_only,
    "errors": application.errors,
}))
sys.stdout.flush()
import os
os._exit(0)
"""
RESOURCES = ["UI/Study.ui", "Icons/DualSSLSeg.png"]


def start(door: Path) -> dict:
    return answer_of(START, door, str(ROOT), *RESOURCES)


def answer_of(code: str, door: Path, *arguments: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", code, str(door), str(ROOT / "Testing"), *arguments],
        capture_output=True, text=True, check=False, cwd=door.parent,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONSAFEPATH": "1"},
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines, done.stderr
    answer = json.loads(lines[-1])
    assert answer["errors"] == []
    return answer


@pytest.fixture(scope="module")
def checkout() -> dict:
    return start(ROOT / "DualSSLSeg" / "DualSSLSeg.py")


def test_slicer_shows_what_the_module_is(checkout: dict) -> None:
    assert (
        checkout["title"] == "DualSSLSeg" and checkout["categories"] == ["Segmentation"] and checkout["icon"]
    )
    assert "not a medical device" in checkout["help"]
    assert "2505.17690" in checkout["acknowledgement"] and "2509.13084" in checkout["acknowledgement"]


def test_nothing_is_loaded_at_start_up(checkout: dict) -> None:
    ours = [name for name in checkout["added"] if name.startswith("DualSSLSegLib.")]
    heavy = {"torch", "scipy", "SimpleITK", "nibabel", "pydicom", "monai", "numpy"} & set(checkout["added"])
    assert ours == [] and heavy == set()


def test_it_runs_from_a_checkout(checkout: dict) -> None:
    assert Path(checkout["library"]) == ROOT / "DualSSLSegLib"
    assert [Path(path) for path in checkout["resources"]] == [ROOT / "Resources" / name for name in RESOURCES]


def test_it_runs_installed_where_all_lies_in_one_folder(tmp_path: Path) -> None:
    place = tmp_path / "qt-scripted modules ü"
    for name in [*in_tree()["SCRIPTS"], *in_tree()["RESOURCES"]]:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, place / name)
    shutil.copyfile(ROOT / "DualSSLSeg" / "DualSSLSeg.py", place / "DualSSLSeg.py")
    answer = start(place / "DualSSLSeg.py")
    assert Path(answer["library"]) == place / "DualSSLSegLib"
    assert [Path(path) for path in answer["resources"]] == [place / "Resources" / name for name in RESOURCES]
    assert answer["icon"]


def test_reloading_lets_the_study_go_and_opens_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DUALSSLSEG_SETTINGS", str(tmp_path))
    study = tiny_study(tmp_path / "study").path
    answer = answer_of(RELOAD, ROOT / "DualSSLSeg" / "DualSSLSeg.py", str(study))
    assert answer["let_go"] and answer["new"] and answer["read_anew"]
    assert answer["open"] and answer["read_only"] == ""

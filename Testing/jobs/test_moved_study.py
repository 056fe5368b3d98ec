"""A run goes on where its study lies now, whatever its paths were when it was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.benches import ToldWorkers
from support.predictions import tell
from support.studies import label_of, tiny_study

from DualSSLSegLib.jobs.moved_study import rebased
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.loop.usage import used_by
from DualSSLSegLib.worker.inputs import InputCase, cases_of
from DualSSLSegLib.worker.session import Session, serve


def test_an_interrupted_run_goes_on_after_its_drive_was_mounted_elsewhere(tmp_path):
    study = tiny_study(tmp_path / "DISK" / "study")
    study.add_revision("a", label_of(1), author="Ada", origin="manual")
    loop = Controller.open(study.path, launcher=ToldWorkers())
    loop.start("train", iterations=2)
    (tmp_path / "DISK").rename(tmp_path / "DISK1")
    moved = Controller.open(tmp_path / "DISK1" / "study")
    (run,) = moved.runs.all()
    seen: list[InputCase] = []
    specs = []

    def work(session: Session) -> dict:
        specs.append(session.spec)
        seen.extend(cases_of(session))
        return {}

    assert serve(run, work) == 0
    files = [path for case in seen for path in (*case.paths, *([case.label.path] if case.label else []))]
    assert len(files) == 4 and all(path.is_file() for path in files)
    assert specs[0]["study"] == str(moved.study.path) and specs[0]["cache"] == str(moved.study.cache_dir)
    assert "DISK1" not in run.inputs_path.read_text(encoding="utf-8"), "what was frozen stays as it is"


def test_what_a_model_has_seen_is_still_known_after_the_study_was_moved(tmp_path):
    study = tiny_study(tmp_path / "here")
    study.add_revision("a", label_of(1), author="Ada", origin="manual")
    loop = Controller.open(study.path, launcher=ToldWorkers())
    first = loop.start("train", iterations=2)
    first.model_path.parent.mkdir()
    first.model_path.write_bytes(b"networks")
    tell(first, {"type": "finished"})
    study.add_revision("b", label_of(1), author="Ada", origin="manual")
    second = loop.start("train", iterations=2, train_on=["b"])
    (tmp_path / "here").rename(tmp_path / "there")
    moved = next(run for run in Controller.open(tmp_path / "there").runs.all() if run.id == second.id)
    assert used_by(moved)["a"] == "labelled"


@pytest.mark.parametrize(
    ("before", "path", "inside"),
    [
        ("/mnt/disk/study", "/mnt/disk/study/a/b.nii.gz", ["a", "b.nii.gz"]),
        ("/mnt/disk/study", "/mnt/disk/study", []),
        ("D:\\study", "D:\\study\\a\\b.nii.gz", ["a", "b.nii.gz"]),
        ("\\\\server\\share\\study", "\\\\server\\share\\study\\a.nii", ["a.nii"]),
        ("/mnt/disk/study", "/mnt/disk/study 2/a.nii", None),
        ("/mnt/disk/study", "dual", None),
        ("/mnt/disk/study", "", None),
    ],
)
def test_what_lay_in_the_study_is_found_in_it_and_all_else_stays(before, path, inside):
    now = Path("/media/ada/study")
    expected = path if inside is None else str(now.joinpath(*inside))
    content = {"paths": [path], "label": {"path": path}, "seed": 3, "parent": None}
    assert rebased(content, before, now) == {
        "paths": [expected], "label": {"path": expected}, "seed": 3, "parent": None,
    }  # fmt: skip

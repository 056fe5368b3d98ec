"""The demo's story on a handful of tiny scans: two rounds, two suggestions labelled, one page."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command_line import write_scans

from DualSSLSegLib.demo.cohort import Cohort
from DualSSLSegLib.demo.story import Budget, Listener, tell
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.loop.controller import Controller


def _cohort(folder: Path) -> Cohort:
    names = write_scans(folder / "images", folder / "labels", 9)
    return Cohort(
        name="tiny",
        line="Data: a GENERATED PHANTOM, not real scans.",
        generated=True,
        structures=("ball", "block"),
        images={name: folder / "images" / f"{name}.nii.gz" for name in names},
        references={name: folder / "labels" / f"{name}.nii.gz" for name in names},
        labelled=tuple(names[:4]),
        unlabelled=tuple(names[4:8]),
        held_back=(names[8],),
    )


def _follow(controller: Controller, run: RunFolder) -> None:
    for state, _ in controller.runs.watch(run):
        last = state
    assert last.status == "finished", last


def _listener(said: list[str]) -> Listener:
    return Listener(say=said.append, progress=lambda task, done, total: None, follow=_follow)


@pytest.mark.slow
def test_the_loop_goes_twice_round_and_ends_with_a_page(tmp_path: Path) -> None:
    cohort, said = _cohort(tmp_path / "data"), []
    page = tell(cohort, tmp_path / "demo", _listener(said), budget=Budget(iterations=2), device="cpu")
    text = page.read_text(encoding="utf-8")
    assert page == tmp_path / "demo" / "report" / "index.html"
    assert text.index(cohort.line) < text.index("<h1>")
    assert said[0] == cohort.line
    assert "6 of 9" in text
    assert "1 scan kept out of training" in text
    assert "2 scans trained on without their label" in text
    assert text.count("Newly labelled: ") == 2
    suggested = [line.split()[2].rstrip(".") for line in said if line.startswith("Suggestion")]
    controller = Controller.open(tmp_path / "demo" / "study")
    labelled = {case.id for case in controller.status().cases if case.state == "labelled"}
    assert labelled == {*cohort.labelled, *suggested}
    assert set(suggested) < set(cohort.unlabelled)
    trained = [run for run in controller.runs.all() if run.spec()["kind"] == "train"]
    assert trained[1].spec()["parent"] == str(trained[0].path)
    assert all(not path.is_symlink() or path.resolve().is_file() for path in controller.study.path.iterdir())


@pytest.mark.parametrize("name", ["thesis.txt", ".dualsslseg/study.json"])
def test_somebodys_own_folder_is_never_cleared(tmp_path: Path, name: str) -> None:
    precious = tmp_path / "demo" / "study" / name
    precious.parent.mkdir(parents=True)
    precious.write_text("years of work")
    cohort = _cohort(tmp_path / "data")
    with pytest.raises(BadInput, match="not made by the demo"):
        tell(cohort, tmp_path / "demo", _listener([]), budget=Budget(iterations=1))
    assert precious.read_text() == "years of work"
    assert not (tmp_path / "demo" / "report").exists()


def test_an_earlier_demo_is_replaced(tmp_path: Path) -> None:
    cohort = _cohort(tmp_path / "data")

    class Enough(Exception):
        pass

    def stop(text: str) -> None:
        if text.startswith("Round 1"):
            raise Enough

    listener = Listener(say=stop, progress=lambda task, done, total: None, follow=_follow)
    for _ in range(2):
        with pytest.raises(Enough):
            tell(cohort, tmp_path / "demo", listener, budget=Budget(iterations=1))
    status = Controller.open(tmp_path / "demo" / "study").status()
    assert status.counts["labelled"] == 4
    assert all(case.revisions <= 1 for case in status.cases)


def test_a_budget_is_minutes_per_round_or_iterations() -> None:
    assert Budget().of_round(1) == {"minutes": 2.5}
    assert Budget().of_round(2) == {"minutes": 1.5}
    assert Budget(iterations=7).of_round(2) == {"iterations": 7}

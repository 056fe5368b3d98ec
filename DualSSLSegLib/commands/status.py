"""`status`: where every case stands and what the runs are doing."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from DualSSLSegLib.commands.arguments import add_json, add_study
from DualSSLSegLib.commands.publishing import publish
from DualSSLSegLib.commands.screen import Screen
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.jobs.state import RunState
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.report.words import duration
from DualSSLSegLib.study.status import CaseStatus, StudyStatus

_RUNS_SHOWN = 5
_CASES_SHOWN = 20
_WORDS = {
    "new": "new",
    "predicted": "predicted, waiting for review",
    "in_progress": "being labelled",
    "labelled": "labelled",
    "reviewed": "prediction accepted",
    "failed": "cannot be used",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    add_json(parser)
    parser.add_argument("--cases", action="store_true", help="list every case")


def run(arguments: argparse.Namespace, screen: Screen) -> int:
    """Print the status. The study is not changed, except that finished predictions are published."""
    controller = Controller.open(arguments.study)
    status = controller.status()
    publish(controller, screen)
    runs = [(run, controller.runs.state(run)) for run in reversed(controller.runs.all())]
    if arguments.json:
        screen.answer({**status.to_dict(), "runs": [_run_facts(run, state) for run, state in runs]})
        return 0
    structures = ", ".join(f"{structure.value} = {structure.name}" for structure in status.structures)
    screen.result(f"{status.path}: {len(status.cases)} scans; {structures}")
    for state, count in status.counts.items():
        if count:
            screen.result(f"  {count:>6}  {_WORDS[state]}")
    held_back = [case for case in status.cases if case.split != "train"]
    if held_back:
        screen.result(f"  {len(held_back):>6}  kept for validation or test")
    _show_cases(status.cases, screen, every=arguments.cases)
    _show_runs(runs, screen)
    _show_problems(status, screen)
    return 0


def _show_cases(cases: Sequence[CaseStatus], screen: Screen, *, every: bool) -> None:
    """Every case, or those that somebody has worked on."""
    shown = [case for case in cases if every or case.state in ("labelled", "in_progress", "reviewed")]
    if not shown:
        return
    screen.result("")
    rows = [
        [
            case.id,
            _WORDS[case.state],
            str(case.revisions or ""),
            case.origin or "",
            case.author or "",
            case.split,
        ]
        for case in (shown if every else shown[:_CASES_SHOWN])
    ]
    screen.table(["case", "state", "revisions", "origin", "author", "split"], rows, right=[2])
    if len(rows) < len(shown):
        screen.result(f"... and {len(shown) - len(rows)} more (--cases lists all)")


def _show_runs(runs: Sequence[tuple[RunFolder, RunState]], screen: Screen) -> None:
    if not runs:
        return
    screen.result("")
    rows = []
    for run, state in runs[:_RUNS_SHOWN]:
        at = f"{state.phase} {state.step}/{state.total}" if state.active and state.total else ""
        left = f"{duration(state.eta_s)} left" if state.active and state.eta_s else ""
        rows.append(
            [run.id, state.status, "  ".join(part for part in (at, left, state.error_text or "") if part)]
        )
    screen.table(["run", "state", ""], rows)
    if len(runs) > _RUNS_SHOWN:
        screen.result(f"... and {len(runs) - _RUNS_SHOWN} older runs")


def _show_problems(status: StudyStatus, screen: Screen) -> None:
    for problem in status.problems:
        screen.warn(f"{problem.path}: {problem.reason}")


def _run_facts(run: RunFolder, state: RunState) -> dict[str, object]:
    return {
        "id": run.id,
        "status": state.status,
        "attempt": state.attempt,
        "phase": state.phase,
        "step": state.step,
        "total": state.total,
        "eta_s": state.eta_s,
        "error": state.error_text,
    }

"""The command line of the accuracy bench: `make bench` means what it meant, tables are written without training."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from support.fabricated_results import old_result, result

from benchmarks.accuracy import arguments_from

ROOT = Path(__file__).parents[2]


def test_without_words_it_is_the_bench_of_the_makefile():
    found = arguments_from([])
    assert (found.name, found.labels, found.seeds, found.time.text) == (
        "hippocampus",
        [4, 1],
        [0, 1, 2],
        "5 min",
    )
    assert [arm.name for arm in found.arms] == ["dual", "labels_only"]
    assert not found.development


def test_the_older_words_are_understood():
    words = "--labels 4 1 --seeds 0 2 --methods dual --minutes 5 --option keep=0.5 --tag _try"
    found = arguments_from(words.split())
    assert (found.labels, found.seeds, found.time.minutes) == ([4, 1], [0, 2], 5.0)
    assert [arm.name for arm in found.arms] == ["dual_try"]
    assert arguments_from(["--iterations", "889"]).time.text == "889 steps"


def test_a_number_of_seeds_and_a_budget_in_one_word():
    found = arguments_from(
        ["--set", "la", "--labels", "8", "--number-of-seeds", "2", "--budget", "6000steps"]
    )
    assert (found.name, found.seeds, found.time.request) == ("la", [0, 1], {"iterations": 6000})


def test_tables_are_written_from_old_and_new_files_beside_their_folder(tmp_path):
    folder = tmp_path / "accuracy"
    folder.mkdir()
    for number, content in enumerate([old_result("dual", [0.8]), result("labels_only", [0.9])]):
        (folder / f"{number}.json").write_text(json.dumps(content), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "benchmarks/accuracy.py", "--tables", "--results", tmp_path],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "accuracy.md").read_text(encoding="utf-8")
    assert "## Over seeds" in written
    assert "Not measured" in written

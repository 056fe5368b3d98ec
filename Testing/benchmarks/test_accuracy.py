"""The command line of the accuracy bench: `make bench` means what it meant, tables are written without training."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.fabricated_results import old_result, result

from benchmarks.accuracy import arguments_from, check_done
from DualSSLSegLib.errors import BadInput

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


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        ("--budget 205steps", ""),
        ("--budget 205steps --device cpu", ""),
        ("--minutes 7", ""),
        ("--budget 500steps --stands-for 7min", "205 steps, and 500 steps"),
        ("--budget 205steps --device cuda", "on cpu, and cuda"),
    ],
)
def test_a_finished_run_of_other_steps_or_another_device_is_not_taken_for_done(tmp_path, words, refused):
    content = result("dual", [0.8])
    content["training"] |= {"iterations": 205, "device": {"device": "cpu", "name": "1 threads"}}
    path = tmp_path / "x.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    asked = arguments_from(words.split())
    if not refused:
        check_done(path, asked.time, asked.device)
        return
    with pytest.raises(BadInput, match=refused) as caught:
        check_done(path, asked.time, asked.device)
    assert caught.value.path == str(path) and "--tag" in caught.value.hint


def test_results_without_a_device_are_those_of_any(tmp_path):
    path = tmp_path / "x.json"
    path.write_text(json.dumps(old_result("dual", [0.8])), encoding="utf-8")
    check_done(path, arguments_from(["--minutes", "5"]).time, "cuda")

"""The front door: every verb explains itself, wrong words end with code 2 and the next step, starts are
quick.
"""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.command_line import dualsslseg
from support.predictions import predicted_run
from support.studies import label_of, tiny_study, without_the_right_to_write

from DualSSLSegLib.cli import main
from DualSSLSegLib.commands.verbs import VERBS
from DualSSLSegLib.methods.catalogue import CATALOGUE


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0
    assert f"usage: dualsslseg {verb}" in capsys.readouterr().out


def test_without_a_verb_the_verbs_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert main(["--help"]) == 0
    listed = capsys.readouterr().out
    assert all(f"  {verb} " in listed for verb in VERBS)


def test_a_misspelt_verb_is_answered_with_the_likely_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trian", "study"]) == 2
    said = capsys.readouterr().err
    assert "did you mean 'train'?" in said
    assert "--help" in said


@pytest.mark.parametrize(
    "words, complaint",
    [
        (["init"], "STUDY"),
        (["init", "study", "--labels", "a,,b"], "liver,tumour"),
        (["train", "study", "--minutes", "0"], "above zero"),
        (["train", "study", "--iterations", "2.5"], "whole number"),
        (["train", "study", "--minutes", "1", "--iterations", "5"], "not allowed with"),
        (["train", "study", "--device", "gpu"], "choose from"),
        (["train", "study", "--method", "mean_teacher"], "dual"),
        (["next", "study", "-n", "none"], "whole number"),
        (["segment", "in", "out"], "--model"),
        (["status", "study", "--jsn"], "--jsn"),
    ],
)
def test_wrong_words_end_with_code_2_and_the_next_step(
    words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    said = capsys.readouterr().err
    assert complaint in said
    assert "->" in said


@pytest.mark.parametrize("verb", ["status", "train", "next", "predict", "split", "watch", "report", "pause"])
def test_a_folder_that_is_no_study_is_named(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        assert main([verb, str(folder)]) == 2
        said = capsys.readouterr().err
        assert str(folder) in said
        assert "->" in said


def test_the_methods_are_the_catalogue(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["methods", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [entry["id"] for entry in answer["methods"]] == list(CATALOGUE)
    assert main(["methods"]) == 0
    text = capsys.readouterr().out
    for entry in answer["methods"]:
        for option in entry["options"]:
            assert f"--{option['name'].replace('_', '-')} " in text


def test_it_runs_as_a_module_and_as_a_console_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "DualSSLSegLib", "--version"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert done.stdout.startswith("dualsslseg ")


def test_a_reader_that_goes_away_is_no_error() -> None:
    """`dualsslseg methods | head -1`"""
    process = subprocess.Popen(
        [sys.executable, "-m", "DualSSLSegLib", "methods"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == ""
    process.wait()


def test_a_study_that_cannot_be_written_is_shown_and_what_cannot_be_done_is_said(tmp_path):
    study = tmp_path / "study"
    predicted_run(tiny_study(study), {"a": label_of()})
    dualsslseg("next", tmp_path)  # imports what it needs, as another user may not read it
    with without_the_right_to_write(study):
        for verb in ("status", "next"):
            said = dualsslseg(verb, study)
            assert said.code == 0 and said.out
            assert "predictions were not published" in said.err and "read-only" in said.err
        said = dualsslseg("export-model", study, study / "model.pt")
    assert said.code == 1 and said.err.startswith(f"dualsslseg: {study}: this cannot be read or written")
    assert "->" in said.err and ".tmp" not in said.err


def test_a_disk_that_is_full_ends_a_command_with_words(tmp_path, monkeypatch):
    study = tmp_path / "study"
    tiny_study(study)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("DualSSLSegLib.jobs.run_folder.write_json", full)
    said = dualsslseg("next", study)
    assert said.code == 1 and os.strerror(errno.ENOSPC) in said.err and "->" in said.err

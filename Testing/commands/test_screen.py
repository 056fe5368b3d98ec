"""A bar on a terminal, plain lines in a pipe, and JSON alone where JSON was asked for."""

from __future__ import annotations

import io
import json

import pytest

from DualSSLSegLib.commands.screen import Screen
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.report.words import duration


class Terminal(io.StringIO):
    """A text stream that a person looks at."""

    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


class OldTerminal(Terminal):
    encoding = "ascii"  # type: ignore[assignment]

    def write(self, text: str) -> int:
        text.encode("ascii")
        return super().write(text)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_in_a_pipe_progress_is_a_few_plain_lines() -> None:
    clock, out = Clock(), io.StringIO()
    screen = Screen(out=out, err=io.StringIO(), clock=clock)
    for step in range(1, 101):
        clock.now += 0.01
        screen.progress("training", step, 100, "loss 0.5", 100 - step)
    screen.end_progress()
    lines = out.getvalue().splitlines()
    assert 10 <= len(lines) <= 12
    assert lines[0] == "training: 1 of 100, loss 0.5, about 1 min 39 s left"
    assert lines[-1] == "training: 100 of 100, loss 0.5"
    assert "\r" not in out.getvalue()


def test_in_a_pipe_a_slow_task_still_speaks() -> None:
    clock, out = Clock(), io.StringIO()
    screen = Screen(out=out, err=io.StringIO(), clock=clock)
    for step in range(40):
        clock.now += 2.0
        screen.progress("training", step, 10_000)
    assert 5 <= len(out.getvalue().splitlines()) <= 7


def test_on_a_terminal_one_line_is_redrawn_and_taken_away() -> None:
    clock, out = Clock(), Terminal()
    screen = Screen(out=out, err=Terminal(), clock=clock)
    for step in range(1, 50):
        clock.now += 0.5
        screen.progress("predicting", step, 50)
    screen.say("note")
    text = out.getvalue()
    assert text.count("\n") == 1
    assert "█" in text
    assert "49/50" in text
    shown = text.split("\r")
    assert shown[-1] == "note\n"
    assert shown[-2].strip() == ""


def test_a_terminal_without_the_characters_gets_others() -> None:
    out = OldTerminal()
    screen = Screen(out=out, err=OldTerminal())
    screen.progress("training", 5, 10)
    screen.say("Größe – fine")
    assert "##" in out.getvalue()


def test_with_json_the_answer_stands_alone() -> None:
    out, err = io.StringIO(), io.StringIO()
    screen = Screen(as_json=True, out=out, err=err)
    screen.say("reading")
    screen.progress("predicting", 1, 2)
    screen.answer({"cases": ["ä"]})
    assert json.loads(out.getvalue()) == {"cases": ["ä"]}
    assert "reading" in err.getvalue()


def test_an_error_names_the_file_the_reason_and_the_next_step() -> None:
    err = io.StringIO()
    Screen(out=io.StringIO(), err=err).fail(
        BadInput("it is empty.", hint="Copy it again.", path="/a/b.nii.gz")
    )
    assert err.getvalue() == "dualsslseg: /a/b.nii.gz: it is empty.\n  -> Copy it again.\n"


def test_a_table_lines_up() -> None:
    out = io.StringIO()
    Screen(out=out, err=io.StringIO()).table(["case", "Dice"], [["a", "0.5"], ["longer", "0.25"]], right=[1])
    assert out.getvalue() == "case    Dice\na        0.5\nlonger  0.25\n"


@pytest.mark.parametrize(
    "seconds, text", [(0.2, "0 s"), (59.4, "59 s"), (61, "1 min 01 s"), (3725, "1 h 02 min"), (None, "")]
)
def test_durations_read_well(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text

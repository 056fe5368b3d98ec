"""What the guard against collapse missed in the unlabelled scans is told, once and in words."""

from __future__ import annotations

import pytest
from support.tiny_training import NAMES, Listener, tiny_task

from DualSSLSegLib.errors import Stopped
from DualSSLSegLib.methods import collapse_guard
from DualSSLSegLib.methods.catalogue import options_from
from DualSSLSegLib.methods.collapse_guard import Held
from DualSSLSegLib.training.trainer import Trainer
from DualSSLSegLib.training.vanished import vanished_words


@pytest.mark.parametrize(
    "teacher, words",
    [
        ("ema", "In 100 % of the steps that looked at unlabelled scans the networks found next to nothing there of "
                "head (100 %), tail (100 %)"),
        ("scans", "In the unlabelled scans the networks found next to nothing of head, tail; the training went on"),
    ],
)  # fmt: skip
def test_structures_that_vanish_from_the_pseudo_labels_are_named_once_also_when_stopped(
    tmp_path, monkeypatch, teacher, words
):
    options = options_from("dual", {"labels_first_steps": 0, "own_labels_time": 0.5, "teacher": teacher})
    listener = Listener()

    def said() -> list[str]:
        return [event["text"] for event in listener.of("warning") if event["code"] == "collapse_guard"]

    Trainer(tiny_task(tmp_path / "as it is", options=options), listener).run()
    assert not said()
    monkeypatch.setattr(collapse_guard, "_VANISHED", 1e9)  # whatever is found of a structure is too little
    task = tiny_task(tmp_path / "hard to please", options=options)
    first = Trainer(task, listener, lambda: "stop" if first.step == 7 else "run")
    with pytest.raises(Stopped):
        first.run()
    (text,) = said()
    assert text.startswith(words)
    Trainer(task, listener).run()
    assert said() == [text]


@pytest.mark.parametrize("share, told", [(0.49, False), (0.5, True)])
def test_what_vanished_is_told_from_half_of_the_steps_on_the_most_missed_first(share, told):
    text = vanished_words(Held(share, {1: 0.2, 2: 0.3}), NAMES)
    assert bool(text) == told
    if told:
        assert "tail (30 %), head (20 %)" in text

"""The journal: whole lines, no gaps, whatever happens to the writer."""

from __future__ import annotations

import json
import math
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from DualSSLSegLib.errors import ProtocolError
from DualSSLSegLib.jobs.journal import EventReader, EventWriter


def read_all(path: Path) -> list[dict]:
    return EventReader(path).read()


def test_a_reader_gets_each_event_once_and_only_when_its_line_is_whole(tmp_path):
    path = tmp_path / "events.jsonl"
    reader = EventReader(path)
    assert reader.read() == []
    writer = EventWriter(path, clock=lambda: 12.5)
    writer.emit("started", pid=7)
    assert reader.read() == [{"v": 1, "seq": 1, "t": 12.5, "type": "started", "pid": 7}]
    writer.emit("phase", name="train", total=10)
    with open(path, "ab") as file:
        file.write(b'{"v":1,"seq":3,"t":13,"type":"pro')
    assert [event["type"] for event in reader.read()] == ["phase"]
    assert reader.read() == []
    with open(path, "ab") as file:
        file.write(b'gress"}\n')
    assert [event["type"] for event in reader.read()] == ["progress"]
    writer.close()


def test_the_next_attempt_goes_on_after_a_line_torn_by_a_kill(tmp_path):
    path = tmp_path / "events.jsonl"
    first = EventWriter(path)
    assert first.attempt == 1
    first.emit("started")
    first.emit("progress", step=1)
    first.close()
    with open(path, "ab") as file:
        file.write(b'{"v":1,"seq":3,"t":1,"type":"progress","st')
    second = EventWriter(path)
    assert second.attempt == 2
    second.emit("started", attempt=second.attempt)
    second.close()
    events = read_all(path)
    assert [event.get("seq") for event in events] == [1, 2, None, 3]
    assert events[2]["code"] == "unreadable_line"
    assert events[3] == {**events[3], "type": "started", "attempt": 2}


@settings(deadline=None, max_examples=60)
@given(cut=st.integers(min_value=0, max_value=400))
def test_wherever_the_kill_cuts_the_sequence_has_no_gap(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("cut") / "events.jsonl"
    writer = EventWriter(path)
    for step in range(5):
        writer.emit("progress", step=step, text="größer")
    writer.close()
    path.write_bytes(path.read_bytes()[:cut])
    again = EventWriter(path)
    again.emit("started")
    again.emit("finished")
    again.close()
    numbers = [event["seq"] for event in read_all(path) if "seq" in event]
    assert numbers == list(range(1, len(numbers) + 1))
    assert read_all(path)[-1]["type"] == "finished"


def test_nan_and_infinity_become_null_with_one_warning_per_field(tmp_path):
    path = tmp_path / "events.jsonl"
    writer = EventWriter(path)
    for _ in range(3):
        writer.emit(
            "progress",
            terms={"dice": math.nan, "ce": 0.5},
            values=np.array([1.0, np.inf]),
            lr=np.float32(0.25),
        )
    writer.close()
    assert "NaN" not in path.read_text() and "Infinity" not in path.read_text()
    events = read_all(path)
    assert [event["type"] for event in events] == ["progress", "warning", "warning", "progress", "progress"]
    assert events[0]["terms"] == {"dice": None, "ce": 0.5}
    assert events[0]["values"] == [1.0, None] and events[0]["lr"] == 0.25
    assert "progress.terms.dice" in events[1]["text"]


def test_an_event_that_is_not_json_is_refused_before_anything_is_written(tmp_path):
    path = tmp_path / "events.jsonl"
    writer = EventWriter(path)
    with pytest.raises(TypeError, match="'thing' of type object"):
        writer.emit("progress", thing=object())
    writer.close()
    assert path.read_bytes() == b""


def test_after_the_last_word_nothing_more_is_written(tmp_path):
    path = tmp_path / "events.jsonl"
    writer = EventWriter(path)
    writer.start_heartbeat(lambda: {"memory_mb": 12}, every_s=0.01)
    threading.Event().wait(0.1)
    writer.emit("stopped")
    assert writer.ended
    with pytest.raises(RuntimeError, match="after the last word 'stopped'"):
        writer.emit("progress")
    writer.close()
    types = [event["type"] for event in read_all(path)]
    assert types[-1] == "stopped" and set(types[:-1]) == {"heartbeat"}


def test_many_threads_write_whole_lines_in_order(tmp_path):
    path = tmp_path / "events.jsonl"
    writer = EventWriter(path)

    def work() -> None:
        for step in range(200):
            writer.emit("progress", step=step)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    assert [event["seq"] for event in read_all(path)] == list(range(1, 801))


def test_rubbish_lines_are_warnings_and_a_newer_version_is_refused(tmp_path):
    path = tmp_path / "events.jsonl"
    lines = [
        b"\xff\xfe",
        b"[1, 2]",
        b'{"v":1,"seq":"x","type":"a"}',
        b"{}",
        b'{"v":1,"seq":1,"type":"future_thing"}',
    ]
    path.write_bytes(b"\n".join(lines) + b"\n\n")
    events = read_all(path)
    assert [event["type"] for event in events] == ["warning"] * 4 + ["future_thing"]
    path.write_text(json.dumps({"v": 2, "seq": 1, "type": "started"}) + "\n")
    with pytest.raises(ProtocolError, match="Update the extension"):
        read_all(path)

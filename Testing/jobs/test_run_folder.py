"""Making, finding and steering run folders."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from support.drives import virus_scanner

from DualSSLSegLib.errors import BadInput, ProtocolError
from DualSSLSegLib.jobs.control import read_want, write_want
from DualSSLSegLib.jobs.run_folder import RunFolder, list_runs
from DualSSLSegLib.jobs.worker_lock import WorkerBusy, WorkerLock


def test_runs_are_listed_by_age_and_carry_what_was_asked(tmp_path):
    early = RunFolder.create(
        tmp_path, {"kind": "train", "seed": 3}, {"cases": [{"id": "ä"}]}, now=1_700_000_000
    )
    late = RunFolder.create(tmp_path, {"kind": "predict"}, {"cases": []}, now=1_700_000_100.5)
    (tmp_path / ".new-0000").mkdir()
    (tmp_path / "not-a-run").mkdir()
    assert list_runs(tmp_path) == [early, late]
    assert early.id.startswith("20231114T221320000Z-train-")
    assert early.spec() == {"v": 1, "kind": "train", "seed": 3}
    assert early.inputs()["cases"] == [{"id": "ä"}]
    assert list_runs(tmp_path / "nowhere") == []


@pytest.mark.parametrize("later", [-7200.0, 0.0])
def test_a_run_made_after_the_clock_went_back_is_the_newest_all_the_same(tmp_path, later):
    now = 1_700_000_000.9996
    runs = [RunFolder.create(tmp_path, {"kind": "train"}, {}, now=now)]
    runs += [RunFolder.create(tmp_path, {"kind": "predict"}, {}, now=now + later) for _ in range(3)]
    assert list_runs(tmp_path) == runs
    assert [run.id[:19] for run in runs][1:] == [f"20231114T22132100{n}Z" for n in range(3)]


def test_a_request_that_cannot_be_written_leaves_nothing(tmp_path):
    with pytest.raises(BadInput, match="Known kinds: train"):
        RunFolder.create(tmp_path, {"kind": "dance"}, {})
    with pytest.raises(ValueError):
        RunFolder.create(tmp_path, {"kind": "train", "minutes": float("nan")}, {})
    assert list(tmp_path.iterdir()) == []


def test_a_request_that_is_being_scanned_for_viruses_is_made_all_the_same(tmp_path):
    with virus_scanner():
        run = RunFolder.create(tmp_path, {"kind": "train"}, {})
    assert list_runs(tmp_path) == [run] and len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_is_no_run_or_a_newer_one_is_refused_with_words(tmp_path):
    with pytest.raises(BadInput, match="not a run folder"):
        RunFolder(tmp_path).spec()
    (tmp_path / "spec.json").write_text(json.dumps({"v": 99}))
    with pytest.raises(ProtocolError, match="Update the extension"):
        RunFolder(tmp_path).spec()


def test_control_is_a_desired_state(tmp_path):
    run = RunFolder.create(tmp_path, {"kind": "train"}, {})
    assert read_want(run) == "run"
    for want in ("pause", "pause", "stop", "run"):
        write_want(run, want)
        assert read_want(run) == want
    with pytest.raises(BadInput, match="Known: run, pause, stop"):
        write_want(run, "jump")
    for wrong in ('{"want": "jump"}', "[]", "{"):
        run.control_path.write_text(wrong)
        with pytest.raises(ProtocolError, match=r"control\.json"):
            read_want(run)
    run.control_path.unlink()
    assert read_want(run) == "run"


HOLD = """
import sys
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.jobs.worker_lock import WorkerLock
with WorkerLock(RunFolder(sys.argv[1])):
    print("held", flush=True)
    input()
"""


def test_a_run_has_one_worker_and_a_killed_one_gives_the_lock_back(tmp_path):
    run = RunFolder.create(tmp_path, {"kind": "train"}, {})
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline().strip() == b"held"
        with pytest.raises(WorkerBusy, match="another worker"), WorkerLock(run, patience_s=0.2):
            pass
        holder.kill()
        holder.wait()
        with WorkerLock(run):
            pass

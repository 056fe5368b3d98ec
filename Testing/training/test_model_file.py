"""Model files that are torn, foreign or of a later version are named, and memory is not blamed on the file."""

from __future__ import annotations

import pytest
import torch
from support.tiny_training import PLAN, Listener, tiny_task

from DualSSLSegLib.errors import BadInput, ProtocolError
from DualSSLSegLib.training.model_file import Model, load_model, save_model
from DualSSLSegLib.training.trainer import Trainer


def test_a_model_with_a_network_of_a_later_version_is_named(tmp_path):
    learner = Trainer(tiny_task(tmp_path / "one", "labels_only"), Listener()).run()
    path = tmp_path / "model.pt"
    save_model(path, Model(learner.averaged_networks, {"a": "net_2040", "b": "vnet"}, PLAN, {}, [], 1))
    with pytest.raises(ProtocolError, match="net_2040") as caught:
        load_model(path)
    assert caught.value.path == str(path) and "Update" in caught.value.hint


def test_memory_that_runs_out_while_a_model_is_read_is_not_blamed_on_the_file(tmp_path, monkeypatch):
    def short_of_memory(*_arguments, **_options):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    path = tmp_path / "model.pt"
    path.touch()
    monkeypatch.setattr(torch, "load", short_of_memory)
    with pytest.raises(RuntimeError, match="allocate memory"):
        load_model(path)


def test_a_torn_or_foreign_model_file_is_named(tmp_path):
    path = tmp_path / "model.pt"
    with pytest.raises(BadInput, match="no such model"):
        load_model(path)
    path.write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(BadInput, match=r"model\.pt.*not a readable model"):
        load_model(path)
    torch.save({"weights": {}}, path)
    with pytest.raises(BadInput, match="not a DualSSLSeg model"):
        load_model(path)

"""What the workers need, as the workbench hands it on."""

from __future__ import annotations

import pytest
from support.benches import bench

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.loop.background import Inline
from DualSSLSegLib.packages.setting import WorkerSetting, load_setting, save_setting
from DualSSLSegLib.workbench.workbench import Workbench

pytestmark = pytest.mark.panel


def test_nothing_is_asked_of_any_python_before_it_is_wanted(tmp_path):
    workbench = Workbench(Inline(), author="Ada")
    assert (
        workbench.probe is None and workbench.setting == WorkerSetting() and workbench.install_state is None
    )
    assert workbench.why_not("remove_installation") == "Nothing was installed by DualSSLSeg."
    assert workbench.why_not("cancel_installation")


def test_another_python_is_remembered_used_and_looked_at(tmp_path):
    workbench = Workbench(Inline(), author="Ada")
    workbench.set_python(tmp_path / "no python")
    assert load_setting().python == str(tmp_path / "no python") == workbench.setting.python
    assert not workbench.probe.ok and "could not be started" in workbench.probe.problem
    again = Workbench(Inline(), author="Ada")
    assert again.setting.python == str(tmp_path / "no python")
    again.set_python(None)
    assert load_setting().python is None


def test_what_is_wrong_with_the_machine_keeps_a_training_from_starting(tmp_path):
    workbench = bench(tmp_path / "s", cases=("a",))
    workbench.open_case("a")
    workbench.submit(empty=True)
    assert workbench.why_not("start_training") == ""
    workbench.set_python(tmp_path / "no python")
    assert "could not be started" in workbench.why_not("start_training")


def test_only_a_folder_of_ours_is_removed(tmp_path):
    (tmp_path / "mine").mkdir()
    save_setting(WorkerSetting(packages=tmp_path / "mine"))
    workbench = Workbench(Inline(), author="Ada")
    with pytest.raises(BadInput, match="not made by DualSSLSeg"):
        workbench.remove_installation()
    assert (tmp_path / "mine").is_dir()


def test_a_damaged_setting_is_said_and_the_rest_works(settings):
    settings.mkdir()
    (settings / "worker.json").write_text("no JSON", encoding="utf-8")
    workbench = Workbench(Inline(), author="Ada")
    assert workbench.message.kind == "warning" and workbench.setting == WorkerSetting()

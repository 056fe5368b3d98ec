"""One small file says which Python works and what is on its path."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.packages.private_folder import Mark, write_mark
from DualSSLSegLib.packages.setting import (
    WorkerSetting,
    import_path,
    load_setting,
    save_setting,
    usable_packages,
    user_folder,
)

TAG = str(sys.implementation.cache_tag)


def packages_for(folder: Path, python: str | None, tag: str = TAG) -> Path:
    folder.mkdir()
    write_mark(folder, Mark(python, tag, {"torch": "2.9.0"}))
    return folder


@pytest.mark.parametrize(
    "platform, environ, expected",
    [
        ("linux", {}, "/home/u/.local/share/DualSSLSeg"),
        ("linux", {"XDG_DATA_HOME": "/data"}, "/data/DualSSLSeg"),
        ("darwin", {}, "/home/u/Library/Application Support/DualSSLSeg"),
        ("win32", {}, "/home/u/AppData/Local/DualSSLSeg"),
        ("win32", {"LOCALAPPDATA": "/local", "APPDATA": "/roaming"}, "/local/DualSSLSeg"),
        ("win32", {"LOCALAPPDATA": "/local", "DUALSSLSEG_SETTINGS": "/else"}, "/else"),
    ],
)
def test_the_folder_of_each_platform(platform: str, environ: dict[str, str], expected: str) -> None:
    assert user_folder(platform, environ, Path("/home/u")) == Path(expected)


def test_what_is_saved_is_loaded(user_settings: Path) -> None:
    assert load_setting() == WorkerSetting()
    setting = WorkerSetting("/opt/python", user_settings / "packages")
    save_setting(setting)
    assert load_setting() == setting
    assert [path.name for path in user_settings.iterdir()] == ["worker.json"]


@pytest.mark.parametrize("content", ["[]", "{", '{"python": 3}'])
def test_a_damaged_setting_is_named(user_settings: Path, content: str) -> None:
    user_settings.mkdir()
    (user_settings / "worker.json").write_text(content, encoding="utf-8")
    with pytest.raises(BadInput, match=r"worker\.json"):
        load_setting()


def test_the_private_folder_is_on_the_path_of_the_python_it_was_made_for(tmp_path: Path) -> None:
    own = packages_for(tmp_path / "own", None)
    other = packages_for(tmp_path / "other", "/opt/python")
    updated = packages_for(tmp_path / "updated", None, "cpython-39")
    unmarked = tmp_path / "unmarked"
    unmarked.mkdir()
    assert usable_packages(WorkerSetting(None, own)) == own
    assert usable_packages(WorkerSetting("/opt/python", other)) == other
    for setting in (
        WorkerSetting("/opt/python", own),
        WorkerSetting(None, other),
        WorkerSetting(None, updated),
        WorkerSetting(None, unmarked),
        WorkerSetting(None, tmp_path / "gone"),
        WorkerSetting(),
    ):
        assert usable_packages(setting) is None


def test_the_path_of_the_workers(tmp_path: Path) -> None:
    assert import_path(WorkerSetting()) == ()
    packages = packages_for(tmp_path / "own", None)
    assert import_path(WorkerSetting(None, packages)) == (str(packages),)

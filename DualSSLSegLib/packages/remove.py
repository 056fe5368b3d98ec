"""One step back from everything that was installed."""

from __future__ import annotations

from dataclasses import replace

from DualSSLSegLib.packages.private_folder import sweep, take_away
from DualSSLSegLib.packages.setting import WorkerSetting, save_setting


def remove(setting: WorkerSetting) -> WorkerSetting:
    """Delete the private folder and nothing else, forget it in the saved setting, and return that.

    A folder that is gone already is fine. Raises BadInput when the folder is not ours or in use; then nothing changes.
    """
    if setting.packages is not None:
        if setting.packages.exists():
            take_away(setting.packages)
        if setting.packages.parent.is_dir():
            sweep(setting.packages.parent)
    without = replace(setting, packages=None)
    save_setting(without)
    return without

"""What the workers need to run: found, installed, removed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from DualSSLSegLib.errors import DualSSLSegError
from DualSSLSegLib.packages.installation import CANCELLED, Installation, InstallState
from DualSSLSegLib.packages.offer import Compute
from DualSSLSegLib.packages.plan import InstallPlan, install_plan
from DualSSLSegLib.packages.probe import Probe, probe
from DualSSLSegLib.packages.remove import remove
from DualSSLSegLib.packages.setting import WorkerSetting, import_path, load_setting, save_setting
from DualSSLSegLib.workbench.desk import in_words, is_expected, verb
from DualSSLSegLib.workbench.folder_steps import FolderSteps


class SetUpSteps(FolderSteps):
    """Verbs of the section Set-up."""

    setting: WorkerSetting = WorkerSetting()
    install_state: InstallState | None = None
    plan: InstallPlan | None = None  # what `install` would do, as asked for with `plan_installation`
    plan_problem = ""  # why there is none
    _installation: Installation | None = None
    _installation_begins = False

    def _begin_set_up(self, *, own_launcher: bool) -> None:
        """Read the setting, so that the first worker is started with it; a launcher that was given is left alone."""
        self._own_launcher = own_launcher
        try:
            self.setting = load_setting()
        except DualSSLSegError as error:
            self._say("warning", *in_words(error))
        self._use_setting()

    def _use_setting(self) -> None:
        if self._own_launcher:
            setting = self.setting
            self.launcher.use(setting.python, lambda: import_path(setting))

    @verb
    def check_setup(self) -> None:
        """Find out what the worker's Python has and lacks; takes some seconds, nothing is changed."""
        setting = self.setting

        def then(found: Probe) -> None:
            self.probe = found
            self._tell("setup")
            self._expect()

        self._do(
            lambda: probe(setting), then, busy="Checking the set-up", key="probe", aside=True, of_study=False
        )

    def plan_installation(
        self, *, compute: Compute = "cpu", wheels: Path | None = None, folder: Path | None = None
    ) -> None:
        """Work out `plan` for what `probe` has found to be missing (see `packages.plan.install_plan`)."""
        seen, setting = self.probe, self.setting
        self.plan, self.plan_problem = None, ""
        if seen is None:
            return

        def then(plan: InstallPlan) -> None:
            self.plan = plan
            self._tell("setup")

        def failed(error: Exception) -> None:
            if not is_expected(error):
                self._failed(error)
            self.plan_problem = " ".join(in_words(error)).strip()
            self._tell("setup")

        self._do(
            lambda: install_plan(setting, seen, compute=compute, wheels=wheels, folder=folder),
            then,
            key="plan",
            failed=failed,
            aside=True,
            of_study=False,
        )

    @verb
    def install(self, plan: InstallPlan) -> None:
        """Carry out a plan; `install_state` says how far it is. Nothing of Slicer is changed."""
        self._installation = installation = Installation()
        self._installation_begins = True
        self.install_state = installation.poll()
        self._tell("setup")

        def then(_: None) -> None:
            self._installation_begins = False
            if self.for_scripts:
                installation.wait()
                self._watch_installation()

        def failed(error: Exception) -> None:
            self._forget_installation()
            self._failed(error)

        self._do(
            lambda: installation.start(plan), then, key="install", failed=failed, aside=True, of_study=False
        )

    def _forget_installation(self) -> None:
        self._installation = self.install_state = None
        self._installation_begins = False
        self._tell("setup")

    @verb
    def cancel_installation(self) -> None:
        """Stop the installation; nothing of it stays."""
        if self._installation is None:
            return
        self._installation.cancel()
        if self._installation_begins:  # its drive may never answer
            self._forget_installation()
            self._say("info", CANCELLED)

    def _watch_installation(self) -> None:
        """For every poll: how far the installation is."""
        if self._installation is None:
            return
        state = self._installation.poll()
        if state == self.install_state and state.active:
            return
        self.install_state = state
        if not state.active:
            self._installation = None
            if state.done:
                self.setting = load_setting()
                self._use_setting()
                self._say("info", "Everything that training needs is installed.")
            else:
                self._say("error", state.failed, state.hint)
            self.check_setup()
        self._tell("setup")

    @verb
    def remove_installation(self) -> None:
        """Delete what `install` has put into the user's folder, and nothing else."""
        setting = self.setting

        def then(left: WorkerSetting) -> None:
            self._setting_changed(left)
            self._say("info", "What was installed is removed.")

        self._do(lambda: remove(setting), then, busy="Removing the installed packages", of_study=False)

    @verb
    def set_python(self, path: str | Path | None) -> None:
        """Use this interpreter for the workers; None or "" for Slicer's own."""
        wanted = replace(self.setting, python=str(path) if path else None)

        def work() -> WorkerSetting:
            save_setting(wanted)
            return wanted

        self._do(work, self._setting_changed, busy="Saving the set-up", of_study=False)

    def _setting_changed(self, setting: WorkerSetting) -> None:
        self.setting, self.probe = setting, None
        self._use_setting()
        self._tell("setup")
        self.check_setup()

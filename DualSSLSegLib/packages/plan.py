"""What an installation would do, before it does anything: commands, places, sizes. Pure functions.

pip is asked twice. First what is missing, with everything that the Python has held at its version (a dry run, so that
nothing of Slicer can change); then exactly those packages, without a look at dependencies, into a folder of their own.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.jobs.launch import library_folder, worker_environment
from DualSSLSegLib.packages.graphics_card import GraphicsCard
from DualSSLSegLib.packages.needs import NEEDS, Need
from DualSSLSegLib.packages.offer import Compute, Offer, compute_choices, offer_for
from DualSSLSegLib.packages.private_folder import read_mark
from DualSSLSegLib.packages.probe import Probe
from DualSSLSegLib.packages.setting import WorkerSetting, our_folder

_TORCH_WHEELS = "https://download.pytorch.org/whl"
_FIRST_OF_CUDA_12_8 = (10, 0)  # compute capability that older CUDA builds know nothing of
_OWN_FOLDER = "DualSSLSeg packages"
_RAW_PROGRESS_SINCE = (24, 1)
_LEADING_ASTRAY = (
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_UPGRADE",
    "PIP_FORCE_REINSTALL",
    "PIP_IGNORE_INSTALLED",
)


@dataclass(frozen=True)
class Group:
    """Requirements that come from the same place; `sources` are pip's options that say from where."""

    requirements: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True)
class InstallPlan:
    """Install `groups` with `python` into `target`; `constraints` hold. `where` and `offer.words` tell the user."""

    python: str
    setting: WorkerSetting  # as saved after the installation
    target: Path
    tag: str
    needs: tuple[Need, ...]
    groups: tuple[Group, ...]
    constraints: tuple[str, ...]
    environment: Mapping[str, str]
    offer: Offer

    @property
    def where(self) -> str:
        """One sentence for the user."""
        return f"Everything goes into {self.target}; 3D Slicer itself is not changed."

    def dry_run(self, group: Group, constraints: Path, report: Path, cache: Path) -> tuple[str, ...]:
        """The command that writes to `report` which packages the group lacks."""
        return (
            *self._pip(cache), "--dry-run", "--report", str(report), "--constraint", str(constraints),
            *group.sources, *group.requirements,
        )  # fmt: skip

    def install(
        self, group: Group, pinned: Sequence[str], into: Path, cache: Path, pip_version: str
    ) -> tuple[str, ...]:
        """The command that installs exactly the `pinned` packages ("name==version") into the folder `into`."""
        bar = "raw" if _release(pip_version) >= _RAW_PROGRESS_SINCE else "off"
        return (
            *self._pip(cache), "--no-deps", "--progress-bar", bar, "--target", str(into), *group.sources, *pinned,
        )  # fmt: skip

    def _pip(self, cache: Path) -> tuple[str, ...]:
        options = (
            "--only-binary",
            ":all:",
            "--no-input",
            "--disable-pip-version-check",
            "--cache-dir",
            str(cache),
        )
        return (self.python, "-m", "pip", "install", *options)


def install_plan(
    setting: WorkerSetting,
    seen: Probe,
    *,
    compute: Compute = "cpu",
    wheels: Path | None = None,
    folder: Path | None = None,
    needs: Sequence[Need] = NEEDS,
    platform: str = sys.platform,
    environ: Mapping[str, str] | None = None,
) -> InstallPlan:
    """The plan that gives the worker's Python, looked at in `seen`, what it lacks.

    `compute`: a build of PyTorch for the processor or for NVIDIA's cards. `wheels`: a folder of wheels, then nothing is
    downloaded. `folder`: where the packages go, by default a folder of the user's; in one that is there and not ours
    they get a folder of their own. `platform`, `environ`: of this computer when not given. Raises BadInput when the
    plan cannot work, and says what to do.
    """
    wanted = [need for need in needs if need.name in seen.missing or need.name in seen.private]
    _check(seen, wanted, compute, wheels, platform)
    target = _target(Path(folder)) if folder is not None else (setting.packages or our_folder() / "packages")
    environment = worker_environment(
        platform, seen.python, library_folder(), (), os.environ if environ is None else environ
    )
    for name in _LEADING_ASTRAY:
        environment.pop(name, None)
    environment |= {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0"}
    return InstallPlan(
        python=seen.python,
        setting=WorkerSetting(setting.python, target),
        target=target,
        tag=seen.tag,
        needs=tuple(needs),
        groups=_groups(wanted, compute, wheels, seen.card, platform),
        constraints=tuple(_held(name, version) for name, version in sorted(seen.installed.items())),
        environment=environment,
        offer=offer_for([need.name for need in wanted], platform, compute),
    )


def _target(folder: Path) -> Path:
    return folder / _OWN_FOLDER if folder.is_dir() and read_mark(folder) is None else folder


def _check(seen: Probe, wanted: Sequence[Need], compute: str, wheels: Path | None, platform: str) -> None:
    if not wanted:
        if seen.problem:
            raise BadInput(seen.problem, hint=seen.hint)
        raise BadInput("nothing is missing, so there is nothing to install.", hint="Start the training.")
    if not seen.pip:
        raise BadInput(f"{seen.python} has no pip.", hint="Add pip to it, or use Slicer's own Python.")
    if compute not in compute_choices(platform):
        raise BadInput(
            f"PyTorch has no build for {compute!r} on this computer.",
            hint=f"Choose one of: {', '.join(compute_choices(platform))}.",
        )
    if platform == "darwin" and seen.machine == "x86_64" and any(need.name == "torch" for need in wanted):
        raise BadInput(
            "PyTorch is no longer made for this Mac: its processor is Intel's, or 3D Slicer runs as if it were.",
            hint="On a Mac with an Apple processor install 3D Slicer for arm64; else train on another computer.",
        )
    if wheels is not None and not any(Path(wheels).glob("*.whl")):
        raise BadInput(
            "this folder holds no wheels (.whl).", hint="Choose the folder of downloaded wheels.", path=wheels
        )


def _groups(
    wanted: Sequence[Need], compute: Compute, wheels: Path | None, card: GraphicsCard | None, platform: str
) -> tuple[Group, ...]:
    requirements = tuple(need.requirement for need in wanted)
    if wheels is not None:
        return (Group(requirements, ("--no-index", "--find-links", str(wheels))),)
    index = _torch_index(compute, card, platform)
    if index is None:
        return (Group(requirements, ()),)
    torch = tuple(need.requirement for need in wanted if need.name == "torch")
    others = tuple(need.requirement for need in wanted if need.name != "torch")
    groups = (Group(torch, ("--index-url", index)), Group(others, ()))
    return tuple(group for group in groups if group.requirements)


def _torch_index(compute: Compute, card: GraphicsCard | None, platform: str) -> str | None:
    """PyTorch's own list of wheels for a build that the general one does not hold; None when the general one does."""
    if compute == "cpu":
        return f"{_TORCH_WHEELS}/cpu" if platform == "linux" else None
    new = card is not None and card.capability is not None and card.capability >= _FIRST_OF_CUDA_12_8
    return f"{_TORCH_WHEELS}/{'cu128' if new else 'cu126'}"


def _held(name: str, version: str) -> str:
    """The constraint that keeps a package at its version; "===" for a version that no rule describes."""
    usual = re.fullmatch(r"\d+(\.\d+)*((a|b|rc|\.post|\.dev)\d+)*(\+[A-Za-z0-9.]+)?", version)
    return f"{name}{'==' if usual else '==='}{version}"


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())

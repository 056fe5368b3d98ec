"""Which scans the demo works on: those named by DUALSSLSEG_DATA, else a public archive, else generated ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from DualSSLSegLib.atomic import read_json
from DualSSLSegLib.demo.download import DownloadFailed, Progress, fetch, unpack
from DualSSLSegLib.demo.phantom import STRUCTURES as PHANTOM_STRUCTURES
from DualSSLSegLib.demo.phantom import write_cohort
from DualSSLSegLib.errors import BadInput

DATA_VARIABLE = "DUALSSLSEG_DATA"
DEFAULT_SET = "hippocampus"

ARCHIVE_URL = "https://msd-for-monai.s3-us-west-2.amazonaws.com/Task04_Hippocampus.tar"
ARCHIVE_MD5 = "9d24dba78a72977dbd1d2e110310f31b"
_ARCHIVE_FOLDER = "Task04_Hippocampus"
_ARCHIVE_CITATION = "Medical Segmentation Decathlon, Task04 Hippocampus (Antonelli et al. 2022, CC BY-SA 4.0)"
_ARCHIVE_STRUCTURES = ("anterior hippocampus", "posterior hippocampus")
_ARCHIVE_LABELLED = ("hippocampus_044", "hippocampus_060", "hippocampus_138", "hippocampus_184")
_ARCHIVE_UNLABELLED = 122
_HELD_BACK_EVERY = (
    5  # every fifth subject; two scans with neighbouring numbers are the two sides of one subject
)

_PHANTOM_SCANS, _PHANTOM_HELD_BACK = 66, 16
_LABELLED = 4


@dataclass(frozen=True)
class Cohort:
    """Scans with reference labels, and what each is for. `line` says where they come from, for people.

    `labelled` are labelled at the start, `unlabelled` are trained on without their label, `held_back` are
    predicted and measured only. Structures are named in the order of their label values 1, 2, ...
    """

    name: str
    line: str
    generated: bool
    structures: tuple[str, ...]
    images: Mapping[str, Path]
    references: Mapping[str, Path]
    labelled: tuple[str, ...]
    unlabelled: tuple[str, ...]
    held_back: tuple[str, ...]

    @property
    def cases(self) -> tuple[str, ...]:
        return self.labelled + self.unlabelled + self.held_back


def choose(
    set_name: str,
    folder: Path,
    environ: Mapping[str, str],
    *,
    say: Callable[[str], None],
    progress: Progress | None = None,
    archive: tuple[str, str] = (ARCHIVE_URL, ARCHIVE_MD5),
) -> Cohort:
    """The cohort for a demo that may keep files in `folder`.

    With DUALSSLSEG_DATA set it is that folder's set `set_name` and nothing else. Raises BadInput when that
    is not what it should be. `archive` is the address and MD5 of the public data set.
    """
    root = environ.get(DATA_VARIABLE, "").strip()
    if root:
        return from_folder(Path(root) / set_name, set_name)
    if set_name != DEFAULT_SET:
        raise BadInput(
            f"the set '{set_name}' is looked for in a folder of yours, but {DATA_VARIABLE} is not set.",
            hint=f"Set {DATA_VARIABLE}, or leave out --set.",
        )
    try:
        return _downloaded(folder, archive, say, progress)
    except DownloadFailed as error:
        say(f"No real scans: {error}")
        return _generated(folder, say, str(error.message))


def from_folder(folder: Path, name: str) -> Cohort:
    """A cohort from `folder`/{images,labels,splits.json}. Raises BadInput naming what is missing."""
    if not folder.is_dir():
        sets = sorted(path.parent.name for path in folder.parent.glob("*/splits.json"))
        found = (
            f"There are: {', '.join(sets)}."
            if sets
            else f"{DATA_VARIABLE} should name the folder above the sets."
        )
        raise BadInput(f"there is no data set '{name}' here.", hint=found, path=folder)
    for part in ("images", "labels"):
        if not (folder / part).is_dir():
            hint = "If the set comes packed, unpack it there first."
            raise BadInput(f"this data set has no folder {part}/.", hint=hint, path=folder)
    splits = read_json(folder / "splits.json")
    labelled = _listed(splits, folder, f"labelled_{_LABELLED}")
    unlabelled = _listed(splits, folder, "unlabelled", f"unlabelled_for_labelled_{_LABELLED}")
    held_back = _listed(splits, folder, *sorted(key for key in splits if key.startswith("validation")))
    cases = labelled + unlabelled + held_back
    twice = sorted({case for case in cases if cases.count(case) > 1})
    if twice:
        raise BadInput(f"cases are in two splits: {', '.join(twice)}.", path=folder / "splits.json")
    about = str(splits.get("description", "")).strip()
    return Cohort(
        name=name,
        line=f"Data: real scans, {len(cases)} from the set '{name}'. {about}".strip(),
        generated=False,
        structures=_structures(splits, folder),
        images=_files(folder / "images", cases),
        references=_files(folder / "labels", cases),
        labelled=labelled,
        unlabelled=unlabelled,
        held_back=held_back,
    )


def _structures(splits: Mapping[str, object], folder: Path) -> tuple[str, ...]:
    """Names of the values 1, 2, ... from the set's "labels"."""
    table = splits.get("labels")
    names = {str(value): str(name) for value, name in table.items()} if isinstance(table, dict) else {}
    names.pop("0", None)
    wanted = [str(value) for value in range(1, len(names) + 1)]
    if not names or sorted(names) != sorted(wanted):
        raise BadInput(
            f"'labels' should name the values 1, 2, ... without gaps, it names {', '.join(sorted(names)) or 'none'}.",
            path=folder / "splits.json",
        )
    return tuple(names[value] for value in wanted)


def _listed(splits: Mapping[str, object], folder: Path, *keys: str) -> tuple[str, ...]:
    """The cases of the first of these splits that is there."""
    for key in keys:
        cases = splits.get(key)
        if isinstance(cases, list) and cases and all(isinstance(case, str) for case in cases):
            return tuple(cases)
    raise BadInput(
        f"no list of cases named {' or '.join(repr(key) for key in keys) or repr('validation_...')} is in this file.",
        path=folder / "splits.json",
    )


def _files(folder: Path, cases: tuple[str, ...]) -> dict[str, Path]:
    files = {case: folder / f"{case}.nii.gz" for case in cases}
    missing = [case for case, path in files.items() if not path.is_file()]
    if missing:
        raise BadInput(
            f"{len(missing)} of {len(cases)} files are missing, the first is {files[missing[0]].name}.",
            hint="Complete the data set, or correct its splits.json.",
            path=folder,
        )
    return files


def _downloaded(
    folder: Path, archive: tuple[str, str], say: Callable[[str], None], progress: Progress | None
) -> Cohort:
    url, md5 = archive
    unpacked = folder / _ARCHIVE_FOLDER
    if not unpacked.is_dir():
        say(f"Fetching real scans: {url}")
        unpack(fetch(url, folder / f"{_ARCHIVE_FOLDER}.tar", md5, progress=progress), unpacked)
    images, labels = (unpacked / _ARCHIVE_FOLDER / part for part in ("imagesTr", "labelsTr"))
    names = sorted(path.name.removesuffix(".nii.gz") for path in labels.glob("*.nii.gz"))
    if len(names) <= _LABELLED:
        raise BadInput(
            f"the archive holds only {len(names)} labelled scans.",
            hint="Delete it and try again.",
            path=unpacked,
        )
    labelled = _ARCHIVE_LABELLED if set(_ARCHIVE_LABELLED) <= set(names) else tuple(names[:_LABELLED])
    subjects = {_subject(name) for name in labelled}
    others = [name for name in names if _subject(name) not in subjects]
    held_back = tuple(name for name in others if _subject(name) % _HELD_BACK_EVERY == 0)
    unlabelled = tuple(name for name in others if name not in held_back)[:_ARCHIVE_UNLABELLED]
    cases = labelled + unlabelled + held_back
    return Cohort(
        name=DEFAULT_SET,
        line=f"Data: real scans, {len(cases)} from the {_ARCHIVE_CITATION}, downloaded and checked.",
        generated=False,
        structures=_ARCHIVE_STRUCTURES,
        images=_files(images, cases),
        references=_files(labels, cases),
        labelled=labelled,
        unlabelled=unlabelled,
        held_back=held_back,
    )


def _subject(name: str) -> int:
    return (int(name.rsplit("_", 1)[1]) + 1) // 2


def _generated(folder: Path, say: Callable[[str], None], reason: str) -> Cohort:
    say(f"Generating {_PHANTOM_SCANS} phantom scans instead.")
    home = folder / "phantom"
    names = tuple(write_cohort(home, _PHANTOM_SCANS))
    return Cohort(
        name="phantom",
        line=f"Data: a GENERATED PHANTOM, not real scans ({len(names)} drawn by this program because "
        f"{reason.rstrip('.')}). The numbers below say that the loop works, nothing about patients.",
        generated=True,
        structures=PHANTOM_STRUCTURES,
        images=_files(home / "images", names),
        references=_files(home / "labels", names),
        labelled=names[:_LABELLED],
        unlabelled=names[_LABELLED:-_PHANTOM_HELD_BACK],
        held_back=names[-_PHANTOM_HELD_BACK:],
    )

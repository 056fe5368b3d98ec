"""nnU-Net raw data sets (and the Medical Segmentation Decathlon's, its elder form) as studies, in place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from DualSSLSegLib.atomic import read_json
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.formats import SCAN_SUFFIXES, channel_of
from DualSSLSegLib.study.adopted import Adopted, structures_of
from DualSSLSegLib.study.published import label_files

SCAN_FOLDERS = ("imagesTr", "imagesTs")
_LABELS_FOLDER = "labelsTr"
_IGNORE = "ignore"


def read_nnunet(root: Path) -> Adopted | None:
    """What the data set at `root` says; None when it is none. Raises BadInput that names dataset.json."""
    source = root / "dataset.json"
    if not source.is_file() or not (root / SCAN_FOLDERS[0]).is_dir():
        return None
    content = read_json(source)
    if not isinstance(content, dict):
        raise BadInput(
            "this is not the description of a data set.", hint="See nnU-Net's format.", path=source
        )
    channels = content.get("channel_names", content.get("modality"))
    labels = content.get("labels")
    if not isinstance(channels, Mapping) or not channels or not isinstance(labels, Mapping):
        raise BadInput(
            "it names no channels ('channel_names') or no structures ('labels').",
            hint="Complete it as nnU-Net describes.",
            path=source,
        )
    ending = content.get("file_ending", SCAN_SUFFIXES[0])
    if ending not in SCAN_SUFFIXES:
        raise BadInput(
            f"its scans are {ending!r} files, which are not supported.",
            hint=f"Convert them to one of {', '.join(SCAN_SUFFIXES)}.",
            path=source,
        )
    return Adopted(
        program="nnU-Net",
        layout="nnunet",
        channels=len(channels),
        numbered_channels="channel_names" in content or _numbered(root / SCAN_FOLDERS[0]),
        structures=_structures(labels, source),
        labels=nnunet_labels(root),
    )


def nnunet_labels(root: Path) -> dict[str, Path]:
    """The label file of each training case."""
    return {case: paths[0] for case, paths in label_files(root / _LABELS_FOLDER).items()}


def _structures(labels: Mapping[str, Any], source: Path) -> Any:
    by_value = all(isinstance(value, str) for value in labels.values())  # {"1": "liver"}, the elder form
    pairs = [(name, value) for value, name in labels.items()] if by_value else list(labels.items())
    return structures_of([(n, v) for n, v in pairs if str(n).strip().casefold() != _IGNORE], source)


def _numbered(folder: Path) -> bool:
    """Whether the scans of the elder form carry channel numbers (those of the Decathlon do not)."""
    names = [name for name in label_files(folder) if name]
    return bool(names) and all(channel_of(name) is not None for name in names)

"""A segment run: one label map per scan of any folder. One bad scan never stops the rest; a rerun skips what
is done."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from DualSSLSegLib.errors import BadInput, DualSSLSegError, Stopped
from DualSSLSegLib.imaging.digest import file_digest
from DualSSLSegLib.imaging.formats import RESULT_SUFFIXES, SEGMENTATION_SUFFIX, channel_of, suffix_of
from DualSSLSegLib.imaging.intensity import IntensityPlan
from DualSSLSegLib.imaging.read import read_image
from DualSSLSegLib.imaging.seg_nrrd import write_segmentation
from DualSSLSegLib.imaging.write import write_label, write_map
from DualSSLSegLib.inference.accumulator import remove_scratch
from DualSSLSegLib.training.model_file import load_model
from DualSSLSegLib.worker.case_prediction import Predictor, segment_maps
from DualSSLSegLib.worker.case_progress import CaseProgress
from DualSSLSegLib.worker.device import choose_device
from DualSSLSegLib.worker.inputs import InputCase, cases_of
from DualSSLSegLib.worker.label_table import structures_from, to_label_values
from DualSSLSegLib.worker.machine import free_memory_bytes
from DualSSLSegLib.worker.prepare import prepare_image
from DualSSLSegLib.worker.segmented import SegmentedRecords
from DualSSLSegLib.worker.session import Session

_OF_ONE_SCAN = (
    DualSSLSegError,
    MemoryError,
    OSError,
    ValueError,
    RuntimeError,
    LookupError,
    TypeError,
    AttributeError,
)  # what a strange scan can cause


def work(session: Session) -> dict[str, Any]:
    """Segment every scan. Returns the fields of `finished`; `failed` names what could not be done and why."""
    device = choose_device(session)
    model_path = Path(session.spec["model"])
    model = load_model(model_path, device)
    output = Path(session.spec["output"])
    with_uncertainty = bool(session.spec.get("uncertainty", False))
    suffix = session.spec.get("format", RESULT_SUFFIXES[0])
    map_suffix = ".nrrd" if suffix == SEGMENTATION_SUFFIX else suffix
    session.report("model", structures=[row.to_dict() for row in structures_from(model.structures)])
    records = SegmentedRecords(output, file_digest(model_path))
    predictor = Predictor.of(session, model, device, free_memory_bytes())
    failed: dict[str, str] = {}
    cases = channels_together(cases_of(session), model.channels, failed)
    names = {case.id for case in cases}
    for name, reason in [*session.inputs.get("refused", []), *failed.items()]:
        _fail(session, failed, name, reason)
    done = skipped = 0
    session.phase("segment", total=len(cases))
    progress = CaseProgress(session, len(cases))
    for case in cases:
        session.check()
        progress.begin(case.id)
        skipped_before = skipped
        outputs = [output / f"{case.id}{suffix}"]
        if with_uncertainty:
            outputs.append(output / f"{case.id}_uncertainty{map_suffix}")
        try:
            _check_outputs(case, outputs, names)
            if records.is_done(case.id, case.paths, outputs):
                skipped += 1
                session.report("skipped", case=case.id)
            else:
                records.refuse_foreign(case.id, outputs)  # before the work, not after it
                _segment(predictor, case, outputs, records, progress)
                done += 1
                session.report("predicted", case=case.id, path=str(outputs[0]))
        except Stopped:
            raise
        except _OF_ONE_SCAN as error:
            if not isinstance(error, DualSSLSegError):
                traceback.print_exc()
            _fail(session, failed, case.id, str(error) or type(error).__name__)
        progress.end(skipped=skipped > skipped_before)
    remove_scratch(predictor.scratch)
    return {"segmented": done, "skipped": skipped, "failed": failed, "output": str(output)}


def channels_together(cases: Sequence[InputCase], channels: int, failed: dict[str, str]) -> list[InputCase]:
    """Scans of one file each into cases of `channels` files <case>_0000, <case>_0001, ...

    With one channel nothing changes. Incomplete cases go to `failed` with the reason.
    """
    if channels == 1:
        return list(cases)
    groups: dict[str, dict[int, Path]] = {}
    for case in cases:
        match = channel_of(case.id)
        if match is None:
            failed[case.id] = (
                f"the model needs {channels} channels, named {case.id}_0000, {case.id}_0001, ..."
            )
        else:
            name, channel = match
            groups.setdefault(name, {})[channel] = case.paths[0]
    complete = []
    for name, files in groups.items():
        if sorted(files) == list(range(channels)):
            paths = tuple(files[index] for index in range(channels))
            complete.append(InputCase(id=name, paths=paths, role="predict"))
        else:
            found = ", ".join(f"_{index:04d}" for index in sorted(files))
            failed[name] = f"the model needs the channels _0000 to _{channels - 1:04d}, there are {found}."
    return complete


def _fail(session: Session, failed: dict[str, str], name: str, reason: str) -> None:
    failed[name] = reason
    session.warn("bad_scan", f"{name} was not segmented: {reason}", case=name)


def _check_outputs(case: InputCase, outputs: Sequence[Path], names: set[str]) -> None:
    for path in outputs:
        if path in case.paths:
            raise BadInput(
                "the result would replace the scan itself.", hint="Choose another output folder.", path=path
            )
    if len(outputs) > 1 and f"{case.id}_uncertainty" in names:
        raise BadInput(
            f"the uncertainty map would have the name of the scan {case.id}_uncertainty.",
            hint="Rename one of the two scans.",
            path=case.paths[0],
        )


def _segment(
    predictor: Predictor,
    case: InputCase,
    outputs: Sequence[Path],
    records: SegmentedRecords,
    progress: CaseProgress,
) -> None:
    model = predictor.model
    volume = read_image(case.paths, case.id)
    intensity = IntensityPlan.from_dict(model.intensity)
    image, working = prepare_image(volume, model.plan.working_spacing_mm, intensity)
    source = volume.grid
    del volume
    prediction = predictor.predict(image, progress.hear)
    try:
        classes, uncertainty = segment_maps(prediction, model, working, source, len(outputs) > 1)
    finally:
        prediction.discard()
    records.begin(case.id, outputs)
    structures = structures_from(model.structures)
    label = to_label_values(classes, structures)
    if suffix_of(outputs[0]) == SEGMENTATION_SUFFIX:
        write_segmentation(outputs[0], label, source, structures)
    else:
        write_label(outputs[0], label, source)
    if uncertainty is not None:
        write_map(outputs[1], uncertainty, source)
    records.finish(case.id, case.paths, outputs)

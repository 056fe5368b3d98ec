"""How far the probabilities of the newest training can be believed: its reliability diagram, from its journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from DualSSLSegLib.report.charts import Series
from DualSSLSegLib.report.history import TrainedRound
from DualSSLSegLib.report.model import Reliability
from DualSSLSegLib.report.words import count

_LEAST_VOXELS = 20  # a bin with fewer says nothing


def reliability(item: TrainedRound) -> Reliability | None:
    """Confidence against accuracy without and with the temperature; None when the training was not calibrated."""
    event = item.calibration
    if event is None or not event.get("calibrated") or event.get("error_after") is None:
        return None
    series = [
        Series(name, *_line(event.get(key) or ()))
        for name, key in (("as the networks say it (T = 1)", "bins_before"), ("with the temperature", "bins"))
    ]
    return Reliability(
        tuple(one for one in series if one.x),
        f"Expected calibration error {event['error_before']:.3f} without and {event['error_after']:.3f} with the "
        f"temperature {event['temperature']:.2f}, on {count(int(event['cases']), 'validation scan')} in and around the "
        "structures. The temperature was fitted on the same scans, so new scans may do a little worse.",
    )


def _line(bins: Sequence[Mapping[str, Any]]) -> tuple[list[float], list[float]]:
    shown = [one for one in bins if one["count"] >= _LEAST_VOXELS]
    return [one["confidence"] for one in shown], [one["accuracy"] for one in shown]

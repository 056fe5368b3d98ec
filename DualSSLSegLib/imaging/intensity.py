"""How grey values are brought to a common scale, decided from the scans themselves and explained in words.

CT-like values are absolute (Hounsfield units): all scans share one clip and one scale. Everything else has a
scale of its own in every scan, sometimes a thousandfold, and is clipped and z-scored by that scan's own
percentiles.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import repeat
from typing import Any, Literal

import numpy as np

from DualSSLSegLib.errors import BadInput

LOW_PERCENTILE, HIGH_PERCENTILE = 0.5, 99.5
_SAMPLES_PER_IMAGE = 100_000
_SAMPLES_FOR_PERCENTILES = 2_000_000
_CT_SHARE = 0.8
_AIR_HU = -950.0
_PADDING_SHARE = 0.25
Mode = Literal["ct", "mr"]


@dataclass(frozen=True)
class ChannelPlan:
    """One channel. `low`, `high` (clip), `mean` and `std` (of what is left) hold for mode "ct" only; 0, 0, 0,
    1 else.
    """

    mode: Mode
    low: float = 0.0
    high: float = 0.0
    mean: float = 0.0
    std: float = 1.0


@dataclass(frozen=True)
class IntensityPlan:
    """One ChannelPlan per channel and the reason, in words, for a log or a report."""

    channels: tuple[ChannelPlan, ...]
    explanation: str = ""

    @property
    def mode(self) -> str:
        """ "ct" or "mr" when all channels agree, else "mixed"."""
        modes = {channel.mode for channel in self.channels}
        return modes.pop() if len(modes) == 1 else "mixed"

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` gives the plan back."""
        return {"channels": [asdict(channel) for channel in self.channels], "explanation": self.explanation}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> IntensityPlan:
        """Raises BadInput when the mapping is no intensity plan."""
        try:
            channels = tuple(
                ChannelPlan(_mode(c["mode"]), *(float(c[name]) for name in ("low", "high", "mean", "std")))
                for c in content["channels"]
            )
            sound = bool(channels) and all(
                c.mode == "mr"
                or (c.low < c.high and c.std > 0 and math.isfinite(c.high - c.low + c.mean + c.std))
                for c in channels
            )
            explanation = str(content.get("explanation", ""))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(
                f"this is no intensity plan ({error!r}).", hint="Train the model again."
            ) from error
        if not sound:
            raise BadInput("this intensity plan has impossible numbers.", hint="Train the model again.")
        return cls(channels, explanation)


def plan_intensity(
    samples: Iterable[np.ndarray], foregrounds: Iterable[np.ndarray | None] | None = None
) -> IntensityPlan:
    """Decide for every channel between CT-like and MR-like values, and fix the scale of the CT-like ones.

    `samples` are scans (C, X, Y, Z), taken one at a time. `foregrounds`, parallel to them, are label maps (X,
    Y, Z) or None: where some are given, the CT clip and scale come from their labelled voxels, else from the
    body. A channel is CT-like when at least four of five scans hold Hounsfield-like values: air or padding
    near -1000 or below, a body in between, nothing far outside. Raises BadInput without scans or when their
    channels differ in number.
    """
    seen: list[list[_Sample]] = []
    pairs = zip(samples, repeat(None)) if foregrounds is None else zip(samples, foregrounds, strict=True)
    for image, foreground in pairs:
        if image.ndim != 4:
            raise ValueError(f"a scan is (C, X, Y, Z), not {image.shape}")
        if seen and len(image) != len(seen):
            raise BadInput(
                f"one scan has {len(image)} channels, others {len(seen)}.",
                hint="Give every case the same channels.",
            )
        if not seen:
            seen = [[] for _ in range(len(image))]
        for channel, found in zip(image, seen, strict=True):
            found.append(_sample(channel, foreground))
    if not seen:
        raise BadInput("there is no scan to plan the intensities from.", hint="Add scans to the study.")
    plans, reasons = zip(*(_plan_channel(found) for found in seen), strict=True)
    if len(plans) == 1:
        return IntensityPlan(tuple(plans), reasons[0][0].upper() + reasons[0][1:])
    return IntensityPlan(tuple(plans), " ".join(f"Channel {n}: {text}" for n, text in enumerate(reasons, 1)))


def normalise(array: np.ndarray, plan: IntensityPlan) -> np.ndarray:
    """Bring a scan (C, X, Y, Z) to the plan's scale: float32, clipped, about zero mean and unit spread.

    Raises BadInput when the number of channels is not the plan's.
    """
    if array.ndim != 4 or len(array) != len(plan.channels):
        raise BadInput(
            f"this scan has {len(array) if array.ndim == 4 else 1} channels, the model was made for "
            f"{len(plan.channels)}.",
            hint="Give the same channels, in the same order, as in training.",
        )
    result = np.empty(array.shape, np.float32)
    for channel, settings, out in zip(array, plan.channels, result, strict=True):
        used = settings if settings.mode == "ct" else _own_scale(channel)
        np.clip(channel, used.low, used.high, out=out, casting="unsafe")
        out -= np.float32(used.mean)
        out /= np.float32(used.std)
    return result


@dataclass(frozen=True)
class _Sample:
    values: np.ndarray
    foreground: np.ndarray


def _sample(channel: np.ndarray, label: np.ndarray | None) -> _Sample:
    values = _thin(channel, _SAMPLES_PER_IMAGE).astype(np.float64)
    inside = (
        np.empty(0)
        if label is None
        else channel[label > 0][:: max(1, int((label > 0).sum()) // _SAMPLES_PER_IMAGE)]
    )
    return _Sample(values, inside.astype(np.float64))


def _thin(channel: np.ndarray, most: int) -> np.ndarray:
    """About `most` voxels spread over the whole array; the step shares no factor with its sizes, so no row
    repeats.
    """
    step = max(1, channel.size // most)
    while step > 1 and math.gcd(step, math.prod(channel.shape)) > 1:
        step += 1
    return channel.reshape(-1)[::step]


def _plan_channel(found: list[_Sample]) -> tuple[ChannelPlan, str]:
    alike = sum(_is_hounsfield(sample.values) for sample in found)
    if alike < _CT_SHARE * len(found):
        return ChannelPlan("mr"), _explain_mr(found, alike)
    inside = [sample.foreground for sample in found if sample.foreground.size]
    part = "the labelled structures" if inside else "the body (all above air)"
    pool = np.concatenate(inside or [sample.values[sample.values > _AIR_HU] for sample in found])
    low, high = (float(v) for v in np.percentile(pool, [LOW_PERCENTILE, HIGH_PERCENTILE]))
    if high - low < 1.0:
        low, high = low - 50.0, high + 50.0
    clipped = np.clip(pool, low, high)
    plan = ChannelPlan("ct", low, high, float(clipped.mean()), max(float(clipped.std()), 1.0))
    return plan, (
        f"the values look like CT (Hounsfield units, with air near -1000) in {alike} of {len(found)} scans, so "
        f"all scans share one scale: clipped to {low:.0f}..{high:.0f} HU, the {LOW_PERCENTILE:g} to "
        f"{HIGH_PERCENTILE:g} percentiles of {part}, mean {plan.mean:.0f}, standard deviation {plan.std:.0f}."
    )


def _explain_mr(found: list[_Sample], alike: int) -> str:
    highs = [float(np.percentile(sample.values, HIGH_PERCENTILE)) for sample in found]
    return (
        f"the values have no absolute scale (they look like CT in {alike} of {len(found)} scans; the "
        f"{HIGH_PERCENTILE:g} percentile runs from {min(highs):.3g} to {max(highs):.3g}), so every scan is clipped "
        f"to its own {LOW_PERCENTILE:g} to {HIGH_PERCENTILE:g} percentiles and brought to zero mean and unit "
        "standard deviation."
    )


def _is_hounsfield(values: np.ndarray) -> bool:
    """Air or padding well below water, a body around it, and nothing beyond what a CT scanner stores."""
    lowest, low, high, highest = np.percentile(values, [0, 1, 99, 100])
    body = float(((values > -200) & (values < 400)).mean())
    padded_or_air = -1100 <= low <= -700 or (-4100 <= low < -1100 and float((values == lowest).mean()) > 0.01)
    return bool(padded_or_air and lowest >= -4100 and -200 < high < 4100 and highest <= 32767 and body > 0.05)


def _own_scale(channel: np.ndarray) -> ChannelPlan:
    """Clip and scale of one scan by itself. A large share of exactly its lowest value is padding and does not
    count.
    """
    values = _thin(channel, _SAMPLES_FOR_PERCENTILES)
    padding = values == values.min()
    if padding.mean() > _PADDING_SHARE:
        inside = values[~padding]
        if inside.size and inside.min() < inside.max():
            values = inside
    values = values.astype(np.float64)
    low, high = (float(v) for v in np.percentile(values, [LOW_PERCENTILE, HIGH_PERCENTILE]))
    if low == high:
        low, high = float(values.min()), float(values.max())
    clipped = np.clip(values, low, high)
    spread = float(clipped.std())
    return ChannelPlan("mr", low, high, float(clipped.mean()), spread if spread > 0 else 1.0)


def _mode(text: str) -> Mode:
    if text not in ("ct", "mr"):
        raise ValueError(f"mode {text!r}")
    return text  # type: ignore[return-value]

"""The timed calls of the panel in numbers, and the page for people."""

from __future__ import annotations

import itertools
import statistics
from typing import Any

TARGET_MS = 100
BINS_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def of_ours(call: dict[str, Any]) -> float:
    return float(call["ms"] - sum(call["slicer_ms"].values()))


def summary(runs: list[list[dict[str, Any]]]) -> dict[str, Any]:
    """The longest calls, the median of the runs' longest, and how the calls are spread."""
    longest = [max(run, key=lambda call: call["ms"]) for run in runs]
    ours = [max(run, key=of_ours) for run in runs]
    by_name: dict[str, list[float]] = {}
    slicer: dict[str, list[float]] = {}
    for run in runs:
        highest: dict[str, float] = {}
        for call in run:
            key = f"{call['call']} ({call['step']})"
            highest[key] = max(highest.get(key, 0.0), call["ms"])
            for name, ms in call["slicer_ms"].items():
                slicer.setdefault(name, []).append(ms)
        for key, ms in highest.items():
            by_name.setdefault(key, []).append(ms)
    slowest = sorted(by_name.items(), key=lambda item: -statistics.median(item[1]))[:12]
    edges = (0, *BINS_MS, float("inf"))
    calls = [call for run in runs for call in run]
    histogram = {
        f"{low:g}-{high:g}": sum(low <= call["ms"] < high for call in calls)
        for low, high in itertools.pairwise(edges)
    }
    return {
        "longest_ms": {
            "runs": [round(call["ms"], 1) for call in longest],
            "median": round(statistics.median(call["ms"] for call in longest), 1),
            "processor": round(statistics.median(call["cpu_ms"] for call in longest), 1),
            "calls": [f"{call['call']} ({call['step']})" for call in longest],
        },
        "longest_without_slicers_calls_ms": {
            "runs": [round(of_ours(call), 1) for call in ours],
            "median": round(statistics.median(of_ours(call) for call in ours), 1),
            "calls": [f"{call['call']} ({call['step']})" for call in ours],
        },
        "longest_processor_ms": round(
            statistics.median(max(call["cpu_ms"] for call in run) for run in runs), 1
        ),
        "slowest": {
            name: {"median_of_highest": round(statistics.median(ms), 1), "highest": round(max(ms), 1)}
            for name, ms in slowest
        },
        "slicers_calls": {
            name: {"count": len(ms), "median": round(statistics.median(ms), 2), "highest": round(max(ms), 1)}
            for name, ms in sorted(slicer.items(), key=lambda item: -max(item[1]))[:12]
        },
        "histogram_ms": histogram,
        "count": len(calls),
    }


def as_text(result: dict[str, Any]) -> str:
    """The page for people."""
    found = result["summary"]
    longest, ours = found["longest_ms"], found["longest_without_slicers_calls_ms"]
    lines = [
        "# How long the panel holds up Slicer's window",
        "",
        f"`python benchmarks/panel_callbacks.py`: {result['cases']:,} cases, {result['labelled']} labelled, "
        f"{result['predicted']} predicted; {result['repeats']} runs on {result['machine']}; load before: "
        f"{result['load']}. Every call of ours on the main thread, {found['count']:,} in all.",
        "",
        "| | median of the runs | runs |",
        "| --- | --- | --- |",
        f"| longest call, with Slicer's own calls in it | {longest['median']} ms | {longest['runs']} |",
        f"| longest call, without them | {ours['median']} ms | {ours['runs']} |",
        f"| most processor time of a call | {found['longest_processor_ms']} ms | |",
        "",
        f"Target for the median without them: {TARGET_MS} ms, {'met' if ours['median'] <= TARGET_MS else 'missed'}.",
        "",
        "| ms | calls |",
        "| --- | --- |",
        *(f"| {span} | {count} |" for span, count in found["histogram_ms"].items()),
        "",
        "| slowest calls, with the step | median of the runs' highest, ms | highest, ms |",
        "| --- | --- | --- |",
        *(f"| {n} | {v['median_of_highest']} | {v['highest']} |" for n, v in found["slowest"].items()),
        "",
        "| Slicer's calls, by the function of scene/ that makes them | calls | median, ms | highest, ms |",
        "| --- | --- | --- | --- |",
        *(
            f"| {n} | {v['count']} | {v['median']} | {v['highest']} |"
            for n, v in found["slicers_calls"].items()
        ),
    ]
    return "\n".join(lines) + "\n"

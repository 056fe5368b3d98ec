"""What PythonQt shows of each ctk*, qMRML* and qSlicer* class, read from `qt_api_contract.json`."""

from __future__ import annotations

import functools
import json
from pathlib import Path

CLASSES: dict[str, dict] = json.loads(Path(__file__).with_name("qt_api_contract.json").read_text("utf-8"))[
    "classes"
]
CALLABLE_KINDS = ("slots", "invokables", "decorators")


@functools.cache
def lineage(name: str) -> tuple[tuple[str, ...], str | None]:
    """The contract classes from `name` upwards, and the first plain Qt class behind them (None for qSlicerObject)."""
    chain: list[str] = []
    qt_class = None
    waiting = [name]
    while waiting:
        current = waiting.pop(0)
        if current in CLASSES:
            if current not in chain:
                chain.append(current)
                waiting += [base.split("<")[0].split("::")[-1] for base in CLASSES[current]["bases"]]
        elif current.startswith("Q") and qt_class is None:
            qt_class = current
    return tuple(chain), qt_class


@functools.cache
def visible(name: str) -> frozenset[str]:
    """Every attribute that the contract gives the class, inherited ones of contract classes included."""
    names: set[str] = set()
    for each in lineage(name)[0]:
        entry = CLASSES[each]
        names.update(entry["properties"])
        for kind in ("signals", *CALLABLE_KINDS):
            names.update(method["name"] for method in entry.get(kind, []))
        for enum_name, enum in entry["enums"].items():
            if enum["registered"]:
                names.update((enum_name, *enum["values"]))
    return frozenset(names)


@functools.cache
def invisible(name: str) -> frozenset[str]:
    """Public C++ methods that PythonQt does not show: neither property, slot nor Q_INVOKABLE."""
    return frozenset(n for each in lineage(name)[0] for n in CLASSES[each]["not_visible"]) - visible(name)


@functools.cache
def properties(name: str) -> dict[str, dict]:
    """Property name -> {"type", "read", "write"}; a property without "write" is read-only."""
    merged: dict[str, dict] = {}
    for each in reversed(lineage(name)[0]):
        merged.update(CLASSES[each]["properties"])
    return merged


@functools.cache
def signals(name: str) -> dict[str, tuple[str, ...]]:
    """Signal name -> normalised signatures, the class's own first."""
    merged: dict[str, list[str]] = {}
    for each in lineage(name)[0]:
        for signal in CLASSES[each]["signals"]:
            known = merged.setdefault(signal["name"], [])
            known += [signature for signature in signal["signatures"] if signature not in known]
    return {signal: tuple(signatures) for signal, signatures in merged.items()}


@functools.cache
def callables(name: str) -> dict[str, tuple[str, ...]]:
    """Slot or Q_INVOKABLE name -> signatures."""
    merged: dict[str, list[str]] = {}
    for each in lineage(name)[0]:
        for kind in CALLABLE_KINDS:
            for method in CLASSES[each].get(kind, []):
                merged.setdefault(method["name"], []).extend(method["signatures"])
    return {method: tuple(signatures) for method, signatures in merged.items()}


@functools.cache
def enum_values(name: str) -> dict[str, int]:
    """Registered enum values by name. Numbers follow the order of declaration unless a host class says otherwise."""
    merged: dict[str, int] = {}
    for each in reversed(lineage(name)[0]):
        for enum in CLASSES[each]["enums"].values():
            if enum["registered"]:
                merged.update({value: number for number, value in enumerate(enum["values"])})
    return merged


def has_slot(name: str, signature: str) -> bool:
    return any(signature in signatures for signatures in callables(name).values())

"""Options of a method: frozen dataclasses whose fields carry range, unit and help, checked when they are made."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from DualSSLSegLib.errors import BadInput

Options = TypeVar("Options")


def option(
    default: Any,
    help: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    unit: str = "",
    advanced: bool = True,
) -> Any:
    """A dataclass field with the facts that forms, command-line flags and checks are derived from."""
    facts = {"help": help, "low": low, "high": high, "choices": choices, "unit": unit, "advanced": advanced}
    return dataclasses.field(default=default, metadata=facts)


def other_default(options: type, name: str, default: Any) -> Any:
    """The option `name` of another class with its facts and another default, for a class that inherits it."""
    (found,) = (one for one in dataclasses.fields(options) if one.name == name)
    return dataclasses.field(default=default, metadata=found.metadata)


OPTIMISERS = ("muon", "adamw", "sgd")


def optimiser_option() -> Any:
    """How the weights of a method's networks learn."""
    return option(
        "muon",
        "how weights learn: Muon on the kernels of hidden layers, AdamW on all, or SGD as in the published protocols",
        choices=OPTIMISERS,
    )


def residual_network_option() -> Any:
    """Which residual network is the V-Net's partner."""
    return option(
        "short_resvnet",
        "the V-Net's partner: a ResV-Net with one encoder block at every resolution, or the deep published one",
        choices=("short_resvnet", "resvnet"),
    )


def check(options: Any) -> None:
    """Raise BadInput that names field, value and what is allowed. Called from `__post_init__`."""
    for field in dataclasses.fields(options):
        value, facts = getattr(options, field.name), field.metadata
        kind = type(field.default)
        right = isinstance(value, kind) if kind is not float else isinstance(value, (int, float))
        if not right or (isinstance(value, bool) and kind is not bool):
            raise BadInput(f"option '{field.name}' must be of type {kind.__name__}, not {value!r}.")
        if facts["choices"] and value not in facts["choices"]:
            raise BadInput(
                f"option '{field.name}' cannot be {value!r}.",
                hint=f"Choose one of: {', '.join(facts['choices'])}.",
            )
        for bound, wrong in (("low", lambda v, b: not v >= b), ("high", lambda v, b: not v <= b)):
            if facts[bound] is not None and wrong(value, facts[bound]):
                raise BadInput(
                    f"option '{field.name}' cannot be {value!r}.",
                    hint=f"Give a number from {facts['low']} to {facts['high']}.",
                )


def from_mapping(kind: type[Options], values: Mapping[str, Any], owner: str) -> Options:
    """Build options from JSON or flags. Text is converted to the field's type; unknown names are refused."""
    known = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    converted: dict[str, Any] = {}
    for name, value in values.items():
        if name not in known:
            raise BadInput(
                f"method '{owner}' has no option '{name}'.", hint=f"Its options: {', '.join(known)}."
            )
        converted[name] = _converted(value, type(known[name].default), name)
    return kind(**converted)


def _converted(value: Any, kind: type, name: str) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str) or kind is str:
        return value
    if kind is bool:
        if value.lower() in ("true", "yes", "on", "1"):
            return True
        if value.lower() in ("false", "no", "off", "0"):
            return False
    else:
        try:
            return kind(value)
        except ValueError:
            pass
    raise BadInput(f"option '{name}' must be of type {kind.__name__}, not {value!r}.")


def describe(kind: type) -> list[dict[str, Any]]:
    """The options as JSON-able rows, in the order of the dataclass."""
    return [
        {"name": field.name, "type": type(field.default).__name__, "default": field.default, **field.metadata}
        for field in dataclasses.fields(kind)
    ]

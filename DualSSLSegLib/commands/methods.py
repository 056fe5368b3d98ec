"""`methods`: what can be trained, and with which options."""

from __future__ import annotations

import argparse
from typing import Any

from DualSSLSegLib.commands.arguments import add_json
from DualSSLSegLib.commands.screen import Screen
from DualSSLSegLib.methods.catalogue import CATALOGUE, DEFAULT_METHOD, describe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_json(parser)


def run(arguments: argparse.Namespace, screen: Screen) -> int:
    """Print the catalogue."""
    entries = [describe(entry) for entry in CATALOGUE.values()]
    if arguments.json:
        screen.answer({"default": DEFAULT_METHOD, "methods": entries})
        return 0
    for entry in entries:
        default = ", used unless another is named" if entry["id"] == DEFAULT_METHOD else ""
        screen.result(f"{entry['id']}: {entry['title']}{default}")
        screen.result(f"    {entry['summary']}")
        screen.result(f"    {entry['citation']}")
        for option in entry["options"]:
            screen.result(f"    --{flag(option['name'])} {allowed(option)}: {option['help']}")
        screen.result("")
    return 0


def flag(name: str) -> str:
    """The option's name as it is written on the command line."""
    return name.replace("_", "-")


def allowed(option: dict[str, Any]) -> str:
    """What an option takes and what it is when left out."""
    if option["choices"]:
        kind = "|".join(option["choices"])
    elif option["type"] == "bool":
        kind = "yes|no"
    elif option["low"] is not None and option["high"] is not None:
        kind = f"{option['low']:g}..{option['high']:g}"
    else:
        kind = option["type"]
    default = option["default"]
    if isinstance(default, bool):
        default = "yes" if default else "no"
    return f"{kind} (default {default})"

"""Texts that a user reads can be collected for translation: one literal per call, named places in it."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.file_lists import ROOT

FILES = [ROOT / "DualSSLSeg" / "DualSSLSeg.py", *sorted((ROOT / "DualSSLSegLib" / "panel").glob("*.py"))]


def calls(file: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("_", "translate")
        ):
            yield node


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_text_is_one_literal(file: Path) -> None:
    wrong = []
    for call in calls(file):
        literal = all(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in call.args)
        if not literal or call.keywords or len(call.args) != (1 if call.func.id == "_" else 2):
            wrong.append(f"{file.name}:{call.lineno} {ast.unparse(call)}")
    assert wrong == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_places_for_values_have_names(file: Path) -> None:
    """A translator may need another order, so "{}" and "{0}" will not do."""
    wrong = []
    for call in calls(file):
        text = call.args[-1].value if isinstance(call.args[-1], ast.Constant) else ""
        for _, place, _, _ in string.Formatter().parse(text):
            if place is not None and not place.isidentifier():
                wrong.append(f"{file.name}:{call.lineno} {text!r}")
    assert wrong == []


def test_the_category_is_that_of_slicers_own_catalogue() -> None:
    (call,) = (call for call in calls(FILES[0]) if call.func.id == "translate")
    assert [part.value for part in call.args] == ["qSlicerAbstractCoreModule", "Segmentation"]

"""The house: which room may import which, walked through the source; and what a fresh process loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parent.parent / "DualSSLSegLib"

GROUND = {"errors", "atomic", "file_lock", "give_way", "processes"}
ARRAYS = GROUND | {"networks", "registration", "uncertainty", "views"}  # arrays in, arrays out
LEFT = GROUND | {"study", "imaging", "jobs", "ranking", "methods.catalogue"}

# Room: (rooms of ours it may import, packages of others it may import). What is not here may not be imported.
HOUSE: dict[str, tuple[set[str], set[str]]] = {
    "errors": (set(), set()),
    "atomic": ({"errors", "give_way"}, set()),
    "file_lock": (set(), set()),
    "give_way": (set(), set()),
    "processes": (set(), set()),
    "imaging": (GROUND, {"numpy", "scipy", "SimpleITK", "nibabel", "pydicom"}),
    "jobs": (GROUND, set()),
    "study": (GROUND | {"imaging"}, {"numpy"}),
    "ranking": (GROUND, {"numpy", "scipy"}),
    "networks": (GROUND, {"torch", "numpy", "scipy"}),
    "views": (GROUND, {"torch", "numpy", "scipy"}),
    "registration": (GROUND, {"torch", "numpy"}),
    "uncertainty": (GROUND, {"torch", "numpy", "scipy"}),
    "evaluation": (ARRAYS, {"torch", "numpy", "scipy"}),
    "inference": (ARRAYS, {"torch", "numpy", "scipy"}),
    "methods": (ARRAYS, {"torch", "numpy", "scipy"}),
    "training": (ARRAYS | {"methods", "inference", "evaluation"}, {"torch", "numpy", "scipy"}),
    "worker": (
        ARRAYS | {"training", "inference", "evaluation", "methods", "imaging", "jobs", "ranking"},
        {"torch", "numpy", "scipy"},
    ),
    "loop": (LEFT, {"numpy"}),
    "packages": ({"errors", "atomic", "processes", "jobs.launch"}, set()),
    "scene": (GROUND | {"study.model", "imaging"}, {"numpy", "slicer", "vtk"}),
    "workbench": (LEFT | {"loop", "scene", "packages"}, {"numpy", "slicer", "vtk"}),
    "panel": (LEFT | {"loop", "packages", "workbench"}, {"qt", "ctk", "slicer", "vtk"}),
    "report": (LEFT | {"loop"}, {"numpy", "scipy"}),
    "demo": (LEFT | {"loop", "report"}, {"numpy", "scipy"}),
    "commands": (LEFT | {"loop", "report", "demo"}, {"numpy"}),
    "cli": ({"commands", "errors"}, set()),
    "__main__": ({"cli"}, set()),
}
ONLY_INSIDE_FUNCTIONS = {"nibabel"}  # not part of every Slicer
TORCH_FREE = ("study", "jobs", "loop", "ranking", "methods.catalogue", "cli", "commands", "errors", "atomic")


@dataclass(frozen=True)
class Import:
    """One import statement: the full name of the module, and whether it runs when the file is imported."""

    file: Path
    line: int
    module: str
    at_top: bool

    @property
    def room(self) -> str:
        return self.file.relative_to(LIBRARY).with_suffix("").parts[0]

    @property
    def where(self) -> str:
        return f"{self.file.relative_to(LIBRARY.parent)}:{self.line} imports {self.module}"


def _imports(file: Path) -> Iterator[Import]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(file, node.lineno, name.name, id(node) not in inside)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno} is a relative import; write the whole name"
            module = node.module or ""
            # `from package import module` is an import of that module
            for name in node.names:
                full = f"{module}.{name.name}"
                path = LIBRARY.parent.joinpath(*full.split("."))
                is_module = path.with_suffix(".py").is_file() or path.is_dir()
                yield Import(file, node.lineno, full if is_module else module, id(node) not in inside)


ALL_IMPORTS = [found for file in sorted(LIBRARY.rglob("*.py")) for found in _imports(file)]


def _rooms() -> set[str]:
    folders = {path.name for path in LIBRARY.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    return folders | {path.stem for path in LIBRARY.glob("*.py")} - {"__init__"}


def _allowed(ours: set[str], module: str) -> bool:
    parts = module.split(".")[1:]
    return any(parts[: len(entry.split("."))] == entry.split(".") for entry in ours)


def test_every_room_is_in_the_plan_of_the_house() -> None:
    assert _rooms() == set(HOUSE)


def test_rooms_import_only_what_lies_below_them() -> None:
    wrong = [
        found.where
        for found in ALL_IMPORTS
        if found.module.split(".")[0] == LIBRARY.name
        and found.module != LIBRARY.name  # an empty package
        and found.module.split(".")[1] != found.room
        and not _allowed(HOUSE[found.room][0], found.module)
    ]
    assert wrong == []


def test_rooms_import_only_their_packages() -> None:
    wrong = [
        found.where
        for found in ALL_IMPORTS
        if (package := found.module.split(".")[0]) != LIBRARY.name
        and package not in sys.stdlib_module_names
        and package not in HOUSE[found.room][1]
    ]
    assert wrong == []


def test_packages_that_not_every_machine_has_are_imported_where_they_are_used() -> None:
    wrong = [
        found.where
        for found in ALL_IMPORTS
        if found.at_top and found.module.split(".")[0] in ONLY_INSIDE_FUNCTIONS
    ]
    assert wrong == []


def test_no_two_rooms_need_each_other() -> None:
    needs: dict[str, set[str]] = {room: set() for room in HOUSE}
    for found in ALL_IMPORTS:
        parts = found.module.split(".")
        if parts[0] == LIBRARY.name and len(parts) > 1 and parts[1] != found.room:
            needs[found.room].add(parts[1])
    open_rooms = dict(needs)
    while open_rooms:
        ground = [room for room, below in open_rooms.items() if not below & set(open_rooms)]
        assert ground, f"these rooms import each other in a circle: {sorted(open_rooms)}"
        for room in ground:
            del open_rooms[room]


def test_package_files_are_empty() -> None:
    filled = [path for path in LIBRARY.rglob("__init__.py") if path.read_text(encoding="utf-8").strip()]
    assert filled == []


def _modules(name: str) -> list[str]:
    path = LIBRARY.joinpath(*name.split("."))
    if path.is_dir():
        return [
            f"{LIBRARY.name}.{name}.{file.stem}"
            for file in sorted(path.glob("*.py"))
            if file.stem != "__init__"
        ]
    return [f"{LIBRARY.name}.{name}"]


@pytest.mark.parametrize("name", TORCH_FREE)
def test_the_left_side_loads_neither_torch_nor_image_libraries(name: str) -> None:
    """Each room whole, in a process of its own."""
    modules = _modules(name)
    code = (
        "import importlib, sys\n"
        f"for module in {modules!r}: importlib.import_module(module)\n"
        "print(*sorted({'torch', 'SimpleITK', 'nibabel', 'pydicom'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=LIBRARY.parent
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""

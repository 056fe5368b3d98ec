"""The files that the extension ships: as CMakeLists.txt lists them, and as they lie in the tree.

`python Testing/support/file_lists.py` (`make file-lists`) writes the lists anew.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LISTS = ROOT / "CMakeLists.txt"
_RESOURCES = ("*.ui", "*.png", "*.svg")


def in_tree() -> dict[str, list[str]]:
    """What there is: "SCRIPTS" and "RESOURCES", paths relative to the root, sorted."""
    library = [path for path in (ROOT / "DualSSLSegLib").rglob("*.py") if "__pycache__" not in path.parts]
    resources = [path for pattern in _RESOURCES for path in (ROOT / "Resources").rglob(pattern)]
    return {"SCRIPTS": _relative(library), "RESOURCES": _relative(resources)}


def in_cmake() -> dict[str, list[str]]:
    """What the build knows of."""
    scripts, resources = _block(LISTS.read_text(encoding="utf-8")).groups()
    return {"SCRIPTS": scripts.split(), "RESOURCES": resources.split()}


def rewrite() -> None:
    """Make the build's lists those of the tree."""
    text = LISTS.read_text(encoding="utf-8")
    match = _block(text)
    lists = in_tree()
    filled = "".join(
        f"  {keyword}\n" + "".join(f"    {name}\n" for name in lists[keyword])
        for keyword in ("SCRIPTS", "RESOURCES")
    )
    LISTS.write_text(text[: match.start()] + filled + text[match.end() :], encoding="utf-8", newline="\n")


def _relative(paths: list[Path]) -> list[str]:
    return sorted(path.relative_to(ROOT).as_posix() for path in paths)


def _block(text: str) -> re.Match[str]:
    match = re.search(r"^  SCRIPTS\n((?:    \S+\n)*)  RESOURCES\n((?:    \S+\n)*)", text, re.MULTILINE)
    assert match is not None, f"{LISTS} has no lists of SCRIPTS and RESOURCES"
    return match


if __name__ == "__main__":
    rewrite()

"""slicer.i18n without translations: every text is its own translation."""

from __future__ import annotations

from pathlib import Path


def getContext(sourceFile: str) -> str:
    """Package.File where the folder is a package, else the file's name."""
    path = Path(sourceFile)
    return f"{path.parent.name}.{path.stem}" if (path.parent / "__init__.py").exists() else path.stem


def translate(context: str, text: str) -> str:
    return text


def tr(text: str) -> str:
    return text

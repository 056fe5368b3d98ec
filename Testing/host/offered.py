"""All classes the host offers, put where scripts look for them: `ctk`, `slicer` and the .ui loader."""

from __future__ import annotations

import importlib
import sys
import types

from . import facade, ui_loader

_FILES = (
    *(
        "ctk_sections",
        "ctk_numbers",
        "ctk_paths",
        "ctk_choices",
        "mrml_widgets",
        "node_combo_box",
        "segments_table",
    ),
    *("segment_editor", "slice_view", "three_d_view", "layout_manager", "modules", "io_manager"),
    *("slicer_application", "main_window"),
)


def classes() -> list[type]:
    """Every host class whose name is in the contract."""
    found = []
    for file in _FILES:
        source = importlib.import_module(f"{__package__}.{file}")
        for name, value in vars(source).items():
            if (
                isinstance(value, type)
                and value.__module__ == source.__name__
                and getattr(value, "_host_class", "") == name
            ):
                found.append(value)
    return found


def install(slicer) -> None:
    ctk = types.ModuleType("ctk", "ctk widgets of the test host")
    sys.modules["ctk"] = ctk
    for cls in classes():
        setattr(ctk if cls.__name__.startswith("ctk") else slicer, cls.__name__, cls)
        ui_loader.widget_classes[cls.__name__] = cls
    facade.module.QUiLoader = ui_loader.QUiLoader

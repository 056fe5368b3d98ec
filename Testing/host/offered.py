"""All classes the host offers, put where scripts look for them: `ctk`, `slicer` and the .ui loader."""

from __future__ import annotations

import importlib
import sys
import types

from . import contract, facade, ui_loader
from .errors import HostLimitation

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
    *("slicer_application", "main_window", "terminology_navigator"),
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


def _not_imitated(name: str) -> type:
    """Scripts may mention the class; making one says that the host cannot."""

    def refuse(self, *_arguments) -> None:
        raise HostLimitation(f"{name} is not imitated by the test host")

    return type(name, (), {"__init__": refuse, "__module__": "slicer"})


def install(slicer) -> None:
    ctk = types.ModuleType("ctk", "ctk widgets of the test host")
    sys.modules["ctk"] = ctk
    for cls in classes():
        setattr(ctk if cls.__name__.startswith("ctk") else slicer, cls.__name__, cls)
        ui_loader.widget_classes[cls.__name__] = cls
    for name in sorted(set(contract.CLASSES) - set(ui_loader.widget_classes)):
        setattr(ctk if name.startswith("ctk") else slicer, name, _not_imitated(name))
    facade.module.QUiLoader = ui_loader.QUiLoader

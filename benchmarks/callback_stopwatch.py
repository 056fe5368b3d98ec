"""A stopwatch for the calls that come from outside into our rooms of Slicer's process, with no change to their code."""

from __future__ import annotations

import functools
import sys
import threading
import time
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

ROOMS = ("DualSSLSegLib.panel", "DualSSLSegLib.workbench", "DualSSLSegLib.scene", "DualSSLSeg")
SLICERS_CALLS = "DualSSLSegLib.scene"


class Stopwatch:
    """Times the outermost call of ours on the main thread, and the outermost calls into scene/ within it."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.step = ""
        self._depth = 0
        self._scene_depth = 0
        self._scene: dict[str, float] = {}
        self._main = threading.main_thread()

    def timed(self, function: Callable[..., Any], name: str, in_scene: bool) -> Callable[..., Any]:
        """The function, timed when it is called from outside."""

        def call(*arguments: Any, **options: Any) -> Any:
            if threading.current_thread() is not self._main:
                return function(*arguments, **options)
            if self._depth and not (in_scene and not self._scene_depth):
                return function(*arguments, **options)
            outermost = self._depth == 0
            self._depth += 1
            self._scene_depth += in_scene
            cpu, wall = time.thread_time(), time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
                self._depth -= 1
                self._scene_depth -= in_scene
                if in_scene:
                    self._scene[name] = self._scene.get(name, 0.0) + wall
                if outermost:
                    self._keep(name, wall, cpu)

        functools.update_wrapper(call, function)  # what VTK asks of an observer lies in its attributes
        return call

    def _keep(self, name: str, wall: float, cpu: float) -> None:
        scene, self._scene = self._scene, {}
        self.calls.append(
            {
                "call": name,
                "step": self.step,
                "ms": 1000 * wall,
                "cpu_ms": 1000 * cpu,
                "slicer_ms": {part: 1000 * seconds for part, seconds in scene.items()},
            }
        )

    def watch(self) -> None:
        """Time everything that is loaded of our rooms. Call it before anything of them is made."""
        for module in [m for n, m in list(sys.modules.items()) if n.startswith(ROOMS)]:
            self._watch_module(module)

    def _watch_module(self, module: ModuleType) -> None:
        in_scene = module.__name__.startswith(SLICERS_CALLS)
        room = module.__name__.removeprefix("DualSSLSegLib.")
        for name, value in list(vars(module).items()):
            if isinstance(value, FunctionType) and value.__module__ == module.__name__:
                timed = self.timed(value, f"{room}.{name}", in_scene)
                for other in list(sys.modules.values()):  # those that have imported it by name
                    if getattr(other, "__name__", "").startswith(ROOMS) and vars(other).get(name) is value:
                        setattr(other, name, timed)
            elif isinstance(value, type) and value.__module__ == module.__name__:
                self._watch_class(value, room, in_scene)

    def _watch_class(self, cls: type, room: str, in_scene: bool) -> None:
        for name, value in list(vars(cls).items()):
            title = f"{room}.{cls.__name__}.{name}"
            if isinstance(value, FunctionType):
                setattr(cls, name, self.timed(value, title, in_scene))
            elif isinstance(value, property):
                parts = [
                    part and self.timed(part, title, in_scene)
                    for part in (value.fget, value.fset, value.fdel)
                ]
                setattr(cls, name, property(*parts))

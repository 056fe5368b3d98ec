"""What a worker imports beyond our own code, and how new it must be."""

from __future__ import annotations

import re
from dataclasses import dataclass

LOWEST_PYTHON = (3, 11)


@dataclass(frozen=True)
class Need:
    """A package under the name that it is both installed and imported by; versions `lowest` <= v < `below`."""

    name: str
    lowest: str
    below: str = ""

    @property
    def requirement(self) -> str:
        """As pip reads it, such as "torch>=2.5,<3"."""
        return f"{self.name}>={self.lowest}" + (f",<{self.below}" if self.below else "")

    def accepts(self, version: str) -> bool:
        """Whether this version will do."""
        found = _numbers(version)
        return found >= _numbers(self.lowest) and not (self.below and found >= _numbers(self.below))


NEEDS = (Need("torch", "2.5", "3"), Need("numpy", "1.26"), Need("scipy", "1.11"), Need("SimpleITK", "2.3"))


def plain_name(name: str) -> str:
    """A package's name as all spellings of it agree on: "SimpleITK" and "simpleitk" are one."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _numbers(version: str) -> tuple[int, ...]:
    """(2, 9, 1) of "2.9.1+cu126" and of "2.9.1rc1"."""
    release = re.match(r"\d+(\.\d+)*", version.strip())
    return tuple(int(part) for part in release.group().split(".")) if release else ()

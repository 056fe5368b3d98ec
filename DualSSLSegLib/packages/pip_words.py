"""What pip prints, made into a fraction while it works and into a sentence with a next step when it fails."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

# What in pip's output means which sentence; the first that is found counts.
_FAILURES: tuple[tuple[str, str, str], ...] = (
    (
        r"No space left on device|not enough space|Errno 28",
        "The disk is full.",
        "Free space, then try again.",
    ),
    (
        r"No module named pip",
        "This Python has no pip.",
        "Add pip to it, or use Slicer's own Python.",
    ),
    (
        r"ResolutionImpossible|conflicting dependencies|user requested \(constraint\)",
        "What is missing does not fit the versions that this Python has already, and those are never changed.",
        "Use a newer 3D Slicer, or choose another Python for the training.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError",
        "The server's certificate was not accepted; a firewall may stand between.",
        "Ask your administrator for pip's certificate setting, or install from a folder of wheels.",
    ),
    (
        r"ProxyError|Tunnel connection failed|407 Proxy",
        "The proxy refused the connection.",
        "Set HTTPS_PROXY as your administrator says, or install from a folder of wheels.",
    ),
    (
        r"NewConnectionError|NameResolutionError|Name or service not known|getaddrinfo failed|Connection refused"
        r"|ConnectTimeout|Network is unreachable|Failed to establish|Temporary failure in name resolution",
        "The server could not be reached.",
        "Check the network, or install from a folder of wheels.",
    ),
    (
        r"Read timed out|ReadTimeout|IncompleteRead|Connection broken|ConnectionResetError|incomplete-download",
        "The download broke off.",
        "Try again; nothing was changed.",
    ),
    (
        r"Permission denied|Errno 13|Access is denied",
        "The folder may not be written.",
        "Choose another folder.",
    ),
)
_NO_MATCH = re.compile(r"No matching distribution found for ([^\s(]+)")
_PROGRESS = re.compile(r"^\s*Progress (\d+) of (\d+)")
_DOWNLOADING = re.compile(
    r"^\s*(?:Downloading|Using cached|Processing) (?:\S*[/\\])?([A-Za-z0-9_.]+?)-\d\S*\.whl"
)
_LARGE = ("torch", "triton", "nvidia")
_LARGE_WEIGHT = 20.0
_SHARE_OF_DOWNLOAD = 0.8


def failure(lines: Sequence[str], status: int, offline: bool) -> tuple[str, str]:
    """(what went wrong, what to do) from the output of a pip that failed."""
    output = "\n".join(lines)
    for pattern, words, hint in _FAILURES:
        if re.search(pattern, output):
            return words, hint
    if match := _NO_MATCH.search(output):
        if offline:
            return (
                f"The folder of wheels lacks {match.group(1)} for this Python and platform.",
                "Download wheels for exactly this Python version, or choose another folder.",
            )
        return (
            f"There is no ready-made package of {match.group(1)} for this Python and platform.",
            "Use a newer 3D Slicer, or choose another Python for the training.",
        )
    errors = [line for line in lines if line.lower().startswith("error")] or [
        line for line in lines if line.strip()
    ]
    said = f": {errors[-1]}" if errors else ""
    return f"pip ended with status {status}{said}", "Read the lines above, or choose another Python."


def is_progress(line: str) -> bool:
    """Whether a line is a tick of pip's progress, many times a second and nothing to show."""
    return _PROGRESS.match(line) is not None


@dataclass
class Progress:
    """How far an installation of the packages `names` is, from pip's lines. A large package counts for many."""

    names: Sequence[str]
    _before: float = 0.0
    _current: float = 0.0
    fraction: float = 0.0

    def read(self, line: str) -> None:
        """Take a line of output into account."""
        total = sum(_weight(name) for name in self.names)
        if match := _DOWNLOADING.match(line):
            self._before += self._current
            self._current = _weight(match.group(1))
            done = self._before
        elif match := _PROGRESS.match(line):
            done = self._before + self._current * int(match.group(1)) / max(1, int(match.group(2)))
        elif line.startswith("Installing collected packages"):
            done = total
        else:
            return
        if total:
            self.fraction = max(self.fraction, min(1.0, done / total) * _SHARE_OF_DOWNLOAD)


def _weight(name: str) -> float:
    return _LARGE_WEIGHT if name.lower().startswith(_LARGE) else 1.0

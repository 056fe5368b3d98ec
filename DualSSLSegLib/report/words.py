"""Numbers as people read them."""

from __future__ import annotations


def count(number: int, thing: str) -> str:
    """ "1 scan", "12 scans"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def were(number: int, thing: str) -> str:
    """ "1 scan was", "12 scans were"."""
    return f"{count(number, thing)} {'was' if number == 1 else 'were'}"


def duration(seconds: float | None) -> str:
    """A time in words: "8 s", "3 min 20 s", "2 h 05 min"; "" for None."""
    if seconds is None:
        return ""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def memory(megabytes: float | None) -> str:
    """Memory in GB."""
    return "an unknown amount" if megabytes is None else f"{megabytes / 1024:.1f} GB"


def signed(value: float, digits: int = 2) -> str:
    """A number with a real minus sign."""
    return f"{value:.{digits}f}".replace("-", "−")

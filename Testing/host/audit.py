"""Does the host offer a name that Slicer does not have? Then a panel could pass here and fail there."""

from __future__ import annotations

from .strict import HOST


def audit(classes) -> list[tuple[str, str]]:
    """(class, name) of everything public that a host class defines and the contract lacks: must be empty."""
    surplus = set()
    for cls in classes:
        for base in cls.__mro__:
            if base.__module__.partition(".")[0] == HOST:
                surplus.update((cls.__name__, n) for n in vars(base) if n[0] != "_" and n not in cls._allowed)
    return sorted(surplus)


def not_imitated(classes) -> dict[str, list[str]]:
    """Class -> names of the contract that raise HostLimitation."""
    return {
        cls.__name__: sorted(n for n in cls._contract if not any(n in vars(base) for base in cls.__mro__))
        for cls in classes
    }

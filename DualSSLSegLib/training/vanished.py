"""Words for a training in which the guard against collapse held for long."""

from __future__ import annotations

from collections.abc import Sequence

from DualSSLSegLib.methods.collapse_guard import Held

_LONG = 0.5  # of the steps with unlabelled scans


def vanished_words(held: Held, structure_names: Sequence[str]) -> str:
    """What was missed in the unlabelled scans, and what to do; empty where the guard held in fewer than half of the
    steps. `structure_names` are in class order, class 1 first."""
    if held.share < _LONG:
        return ""
    often = sorted(held.classes.items(), key=lambda item: -item[1])
    names = ", ".join(f"{structure_names[index - 1]} ({100 * share:.0f} %)" for index, share in often)
    return (
        f"In {100 * held.share:.0f} % of the steps that looked at unlabelled scans the networks found next to nothing "
        f"there of {names}; these steps learned from the labels alone. Label another scan that shows what is missing, "
        "or train for longer. Where few of the scans show it, nothing is wrong."
    )

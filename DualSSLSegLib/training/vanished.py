"""Words for a training in which the guard against collapse held for long."""

from __future__ import annotations

from collections.abc import Sequence

from DualSSLSegLib.methods.collapse_guard import Held

_LONG = 0.5  # of the steps with unlabelled scans


def vanished_words(held: Held, structure_names: Sequence[str], *, whole_scans: bool = False) -> str:
    """What was missed in the unlabelled scans, and what to do; empty where the guard held in fewer than half of the
    steps. `structure_names` are in class order, class 1 first. `whole_scans`: what was looked at are labels that the
    networks made of whole scans, once."""
    if held.share < _LONG:
        return ""
    often = sorted(held.classes.items(), key=lambda item: -item[1])
    hint = (
        "Label another scan that shows what is missing, or train for longer. Where few of the scans show it, nothing "
        "is wrong."
    )
    if whole_scans:
        missed = ", ".join(structure_names[index - 1] for index, _ in often)
        return (
            f"In the unlabelled scans the networks found next to nothing of {missed}; the training went on from the "
            f"labels alone. {hint}"
        )
    names = ", ".join(f"{structure_names[index - 1]} ({100 * share:.0f} %)" for index, share in often)
    return (
        f"In {100 * held.share:.0f} % of the steps that looked at unlabelled scans the networks found next to nothing "
        f"there of {names}; these steps learned from the labels alone. {hint}"
    )

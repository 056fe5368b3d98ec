"""Words for the end of a training in which the guard against collapse held for long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_LONG = 0.5  # of the steps with unlabelled scans


def vanished_words(shares: Mapping[int, float], structure_names: Sequence[str]) -> list[str]:
    """A sentence for each structure that had nearly vanished from the pseudo-labels in at least half of the steps.

    `shares` are as of `Method.vanished`; `structure_names` in class order, class 1 first.
    """
    return [
        f"The networks found next to nothing of {structure_names[index - 1]} in the unlabelled scans in "
        f"{100 * share:.0f} % of the steps that looked at them, so these steps learned from the labels alone. Label "
        "another scan that shows it, or train for longer."
        for index, share in sorted(shares.items())
        if share >= _LONG
    ]

"""What the driver's program prints."""

from __future__ import annotations

from DualSSLSegLib.packages.graphics_card import GraphicsCard, best_card


def test_the_card_with_the_most_memory() -> None:
    answer = "NVIDIA T400, 2048, 7.5\nNVIDIA RTX A5000, 24564, 8.6\n"
    assert best_card(answer) == GraphicsCard("NVIDIA RTX A5000", 24564 << 20, (8, 6))


def test_a_driver_too_old_to_tell_the_capability() -> None:
    assert best_card("Quadro K2200, 4096\n") == GraphicsCard("Quadro K2200", 4096 << 20, None)


def test_words_instead_of_cards() -> None:
    assert best_card("No devices were found\n") is None
    assert best_card("NVIDIA X, [N/A], [N/A]\n") is None
    assert best_card("") is None

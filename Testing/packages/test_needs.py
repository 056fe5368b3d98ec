"""What the worker needs is what the project says it needs."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from DualSSLSegLib.packages.needs import LOWEST_PYTHON, NEEDS, Need, plain_name
from DualSSLSegLib.worker.self_report import READS_OUR_LIBRARY

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_ranges_are_those_of_the_project() -> None:
    assert {need.requirement for need in NEEDS} <= set(PROJECT["dependencies"])


def test_the_lowest_python_is_that_of_the_project() -> None:
    assert PROJECT["requires-python"] == ">=" + ".".join(map(str, LOWEST_PYTHON))
    assert READS_OUR_LIBRARY == LOWEST_PYTHON


@pytest.mark.parametrize(
    "version, fits",
    [
        ("2.5", True), ("2.5.0+cu126", True), ("2.10.1", True), ("2.4.9", False), ("3", False), ("3.0.0", False),
        ("", False), ("2.11.0a0+git12", True),
    ],
)  # fmt: skip
def test_versions_are_compared_as_numbers(version: str, fits: bool) -> None:
    assert Need("torch", "2.5", "3").accepts(version) is fits


def test_one_package_whatever_the_spelling() -> None:
    assert (
        plain_name("SimpleITK") == plain_name("simpleitk")
        and plain_name("typing_extensions") == "typing-extensions"
    )

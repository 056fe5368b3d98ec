"""The entry for Slicer's list of extensions agrees with the build, and names files that are there."""

from __future__ import annotations

import json
import re
import struct

import pytest
from support.file_lists import LISTS, ROOT

COLOUR_WITH_OPACITY = 6  # in the header of a PNG
ENTRY = json.loads((ROOT / "docs" / "DualSSLSeg.json").read_text(encoding="utf-8"))
BUILD = dict(re.findall(r'^set\(EXTENSION_(\w+) "(.*?)"\)', LISTS.read_text(encoding="utf-8"), re.MULTILINE))


def test_entry_and_build_say_the_same() -> None:
    assert ENTRY["category"] == BUILD["CATEGORY"]
    assert ENTRY["scm_url"].removesuffix(".git") == BUILD["HOMEPAGE"]
    depends = [] if BUILD["DEPENDS"] == "NA" else BUILD["DEPENDS"].split(";")
    assert ENTRY["build_dependencies"] == depends


def test_only_keys_of_the_schema() -> None:
    known = {
        "build_dependencies",
        "build_subdirectory",
        "category",
        "scm_revision",
        "scm_url",
        "tier",
        "$schema",
    }
    assert {"$schema", "category", "scm_url"} <= set(ENTRY) <= known


def test_pictures_of_the_build_are_in_the_repository() -> None:
    for name in ("ICONURL", "SCREENSHOTURLS"):
        for url in BUILD[name].split():
            assert (ROOT / url.partition("/main/")[2]).is_file(), url


@pytest.mark.parametrize("name, size", [("DualSSLSeg.png", 64), ("DualSSLSeg-128.png", 128)])
def test_icons_have_their_size_and_are_transparent_where_nothing_is(name: str, size: int) -> None:
    header = (ROOT / "Resources" / "Icons" / name).read_bytes()[:26]
    width, height, _, kind = struct.unpack(">IIBB", header[16:])
    assert (width, height) == (size, size) and kind == COLOUR_WITH_OPACITY

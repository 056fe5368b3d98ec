"""slicer.parameterNodeWrapper answers as Slicer's own does."""

from __future__ import annotations

from pathlib import Path

import pytest

from .parameter_transcript import transcript

pytestmark = pytest.mark.panel


def test_the_conversation_is_the_one_slicer_had(clean_host) -> None:
    golden = Path(__file__).with_name("parameter_node.golden.txt").read_text("utf-8").splitlines()
    assert transcript() == golden


def test_what_is_not_imitated_says_so(clean_host) -> None:
    from slicer.parameterNodeWrapper import parameterNodeWrapper

    from host.errors import HostLimitation

    with pytest.raises(HostLimitation, match="names"):

        @parameterNodeWrapper
        class Parameters:
            names: list[str]

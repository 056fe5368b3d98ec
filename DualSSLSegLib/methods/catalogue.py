"""Which methods there are. Torch-free: panels and command lines list and check methods without loading torch."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.methods.dual_options import DualOptions
from DualSSLSegLib.methods.dual_strong_options import DualStrongOptions
from DualSSLSegLib.methods.labels_only_options import LabelsOnlyOptions
from DualSSLSegLib.methods.options import describe as describe_options
from DualSSLSegLib.methods.options import from_mapping

DEFAULT_METHOD = "dual"


@dataclass(frozen=True)
class MethodEntry:
    """One method: what a person reads about it, its options, and where its code is ("module:class")."""

    id: str
    title: str
    summary: str
    citation: str
    options: type
    path: str
    uses_unlabelled: bool


_ENTRIES = (
    MethodEntry(
        id="dual",
        title="Two networks, labelled and unlabelled scans",
        summary="A residual and a plain V-Net learn from the labels, and in the later part of a run they teach each "
        "other on the unlabelled scans.",
        citation="After arXiv 2505.17690 and arXiv 2509.13084, with the terms of MCF (CVPR 2023) and RCPS "
        "(arXiv 2301.05500).",
        options=DualOptions,
        path="DualSSLSegLib.methods.dual:Dual",
        uses_unlabelled=True,
    ),
    MethodEntry(
        id="dual_strong",
        title="Two networks, looks and shapes of the unlabelled scans",
        summary="A residual and a plain V-Net learn from the labels in the looks and shapes of the unlabelled scans, "
        "to which the labelled ones are registered first; in longer runs they also teach each other where they are "
        "sure.",
        citation="After arXiv 2505.17690 and arXiv 2509.13084, with the terms of MCF (CVPR 2023) and RCPS "
        "(arXiv 2301.05500), transformations learnt from unlabelled scans (Zhao et al., CVPR 2019) by demons "
        "(Vercauteren et al., NeuroImage 2009), and landmark matching (Nyul et al., IEEE TMI 2000).",
        options=DualStrongOptions,
        path="DualSSLSegLib.methods.dual_strong:DualStrong",
        uses_unlabelled=True,
    ),
    MethodEntry(
        id="labels_only",
        title="Two networks, labelled scans only",
        summary="The same two networks trained on the labelled scans alone: the baseline that the others have to beat.",
        citation="V-Net (arXiv 1606.04797) and a residual V-Net, cross-entropy plus Dice.",
        options=LabelsOnlyOptions,
        path="DualSSLSegLib.methods.labels_only:LabelsOnly",
        uses_unlabelled=False,
    ),
)
CATALOGUE: dict[str, MethodEntry] = {entry.id: entry for entry in _ENTRIES}


def entry_of(method_id: str) -> MethodEntry:
    """The entry of a method. Raises BadInput that lists the methods there are."""
    if method_id not in CATALOGUE:
        raise BadInput(
            f"method '{method_id}' does not exist.", hint=f"Choose one of: {', '.join(CATALOGUE)}."
        )
    return CATALOGUE[method_id]


def options_from(method_id: str, values: Mapping[str, Any]) -> Any:
    """Checked options of a method from JSON or flags. Raises BadInput naming field, value and what is allowed."""
    return from_mapping(entry_of(method_id).options, values, method_id)


def describe(entry: MethodEntry) -> dict[str, Any]:
    """The entry as JSON-able content, options with default, range, unit and help."""
    return {
        "id": entry.id,
        "title": entry.title,
        "summary": entry.summary,
        "citation": entry.citation,
        "uses_unlabelled": entry.uses_unlabelled,
        "options": describe_options(entry.options),
    }


def load_method(method_id: str) -> type:
    """The method's class. Imports torch."""
    module, name = entry_of(method_id).path.split(":")
    return getattr(importlib.import_module(module), name)

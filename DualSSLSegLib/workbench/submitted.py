"""What is written down beside a submitted label: where it comes from, and its review."""

from __future__ import annotations

from typing import TYPE_CHECKING

from DualSSLSegLib.loop.opened_case import OpenedCase
from DualSSLSegLib.study.model import Revision
from DualSSLSegLib.study.reviews import Review, Verdict

if TYPE_CHECKING:
    import numpy as np


def reviewed(review: Review, revision: Revision, seconds: float) -> Review:
    """The review of a case after a label of it was submitted."""
    if revision.origin == "accepted":
        review = review.with_accepted(Verdict(revision.run, revision.author, revision.time))
    return review.with_time(revision.author, seconds)


def origin_of(opened: OpenedCase, label: np.ndarray) -> str:
    """Where a label comes from: a prediction nobody has changed is accepted, one that was changed is corrected."""
    if opened.run is None:
        return "manual"
    unchanged = opened.began_as is not None and bool((opened.began_as == label).all())
    return "accepted" if unchanged else "corrected"

"""Which code does which kind of run. Imported by name, so that `started` is written before torch is
loaded."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from DualSSLSegLib.errors import BadInput

if TYPE_CHECKING:
    from DualSSLSegLib.worker.session import Session

Work = Callable[["Session"], dict[str, Any]]

_MODULES = {
    "train": "DualSSLSegLib.worker.train",
    "predict": "DualSSLSegLib.worker.predict",
    "segment": "DualSSLSegLib.worker.segment",
    "evaluate": "DualSSLSegLib.worker.evaluate",
    "rank": "DualSSLSegLib.worker.rank",
}


def work_for(kind: str) -> Work:
    """The function `work(session) -> fields of finished` of a kind. Raises BadInput for an unknown kind."""
    if kind not in _MODULES:
        raise BadInput(f"unknown kind of run {kind!r}.", hint=f"Known kinds: {', '.join(_MODULES)}.")
    return importlib.import_module(_MODULES[kind]).work

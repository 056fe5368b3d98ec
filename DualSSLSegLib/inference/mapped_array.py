"""Arrays in files that are looked at for a moment: a run may have thousands of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from DualSSLSegLib.errors import RunFailed


@dataclass(frozen=True)
class MappedArray:
    """A .npy file of known shape and type, mapped into memory for as long as a look at it takes.

    A memory map holds a file descriptor, and systems hand out 256 to 1024 of them; mapping anew costs a tenth of a
    millisecond. Indexing and `numpy.asarray` give read-only arrays.
    """

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def array(self) -> np.ndarray:
        """The memory map. Raises RunFailed when the file has gone or changed since."""
        try:
            found: np.ndarray = np.load(self.path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise RunFailed(
                f"a prepared scan cannot be read any more ({error}).",
                hint="Resume the run: the scan is prepared again.",
                path=self.path,
            ) from error
        if found.shape != self.shape or found.dtype != self.dtype:
            raise RunFailed(
                "a prepared scan was replaced by another.", hint="Start a new run.", path=self.path
            )
        return found

    def __getitem__(self, index: Any) -> np.ndarray:
        return self.array()[index]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.array(), dtype=dtype) if copy else np.asarray(self.array(), dtype=dtype)


VolumeArray = np.ndarray | MappedArray

"""Memory that ran out is told from other errors, whoever says so."""

from __future__ import annotations

import pytest
import torch

from DualSSLSegLib.errors import OutOfMemory
from DualSSLSegLib.inference.out_of_memory import in_words, is_out_of_memory


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OutOfMemory("a window did not fit."),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: you tried"
        ),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)"),
    ],
)
def test_memory_that_ran_out_is_recognised_and_put_into_words(error):
    assert is_out_of_memory(error)
    assert isinstance(in_words(error), OutOfMemory) and in_words(error).message


@pytest.mark.parametrize("error", [RuntimeError("mat1 and mat2 cannot be multiplied"), ValueError("memory")])
def test_other_errors_are_left_alone(error):
    assert not is_out_of_memory(error)

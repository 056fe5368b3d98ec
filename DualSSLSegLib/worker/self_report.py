"""`python -m DualSSLSegLib.worker.self_report torch numpy ...`: what this Python offers a worker, as a line of JSON.

The packages named are really imported, because one that is there may still not load. The line starts with MARK,
because libraries may print what they like. Any Python 3 can run this file, so that an old one is told to be old.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import platform
import sys

MARK = "DualSSLSeg: "
READS_OUR_LIBRARY = (3, 11)


def main() -> int:
    report = {
        "python": platform.python_version(),
        "tag": sys.implementation.cache_tag,
        "machine": platform.machine(),
        "pip": importlib.util.find_spec("pip") is not None,
    }
    if sys.version_info >= READS_OUR_LIBRARY:
        report["installed"] = _installed()
        report.update(_found(sys.argv[1:]))
        report.update(_hardware())
    print(MARK + json.dumps(report))
    return 0


def _installed() -> list[list[str]]:
    """[name, version, folder] of everything that is installed, the first of a name being the one imported."""
    from importlib import metadata

    rows = []
    for distribution in metadata.distributions():
        name, version = distribution.metadata["Name"], distribution.version
        if name and version:  # a half removed package has neither
            rows.append([str(name), str(version), str(distribution.locate_file(""))])
    return rows


def _found(names: list[str]) -> dict:
    """ "found": name -> [version, file]; "broken": name -> why it does not load."""
    found, broken = {}, {}
    for name in names:
        if importlib.util.find_spec(name) is None:
            continue
        try:
            module = importlib.import_module(name)
        except Exception as error:  # whatever it is, it is the answer
            broken[name] = f"{type(error).__name__}: {error}"
        else:
            found[name] = [
                str(getattr(module, "__version__", "")) or _version(name),
                str(module.__file__ or ""),
            ]
    return {"found": found, "broken": broken}


def _version(name: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _hardware() -> dict:
    """Processor cores, free memory, and the graphics card that PyTorch can use, if it can use one."""
    from DualSSLSegLib.worker.machine import free_memory_bytes

    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    facts = {"cores": cores, "free_memory_bytes": free_memory_bytes(), "cuda": "", "gpu_memory_bytes": None}
    torch = sys.modules.get("torch")
    if torch is None:
        return facts
    try:
        if torch.cuda.is_available():
            facts["cuda"] = torch.cuda.get_device_name()
            facts["gpu_memory_bytes"] = int(torch.cuda.mem_get_info()[0])
    except Exception as error:  # a driver that is there and fails
        facts["cuda_problem"] = f"{type(error).__name__}: {error}"
    return facts


if __name__ == "__main__":
    sys.exit(main())

"""`python -m DualSSLSegLib.worker <run folder>`: do one run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from DualSSLSegLib.errors import DualSSLSegError
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.worker.priority import yield_to_others
from DualSSLSegLib.worker.session import serve


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m DualSSLSegLib.worker", description="Do one run.")
    parser.add_argument("run_folder", type=Path, help="a folder with spec.json and inputs.json")
    parser.add_argument("--nice", type=int, default=0, help="how much to yield to other programs (0 to 19)")
    parser.add_argument(
        "--own-session", action="store_true", help="the session was made for this worker: all of it yields"
    )
    arguments = parser.parse_args()
    yield_to_others(arguments.nice, arguments.own_session)
    try:
        return serve(RunFolder(arguments.run_folder))
    except DualSSLSegError as error:
        print(error, file=sys.stderr, flush=True)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())

"""`python -m DualSSLSegLib` is `dualsslseg`."""

from __future__ import annotations

import sys

from DualSSLSegLib.cli import main

if __name__ == "__main__":
    sys.exit(main())

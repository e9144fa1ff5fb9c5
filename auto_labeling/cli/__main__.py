"""`python -m auto_labeling.cli`: the command line where no script is installed."""

from __future__ import annotations

import sys

from auto_labeling.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())

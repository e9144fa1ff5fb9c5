"""The command line: what a person types, and the exit codes that a script can go by."""

from __future__ import annotations

from auto_labeling.cli.entry import main

__all__ = ["main"]

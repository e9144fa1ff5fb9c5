"""Figures, measured: each module prints a table, and with `--json` the same as data."""

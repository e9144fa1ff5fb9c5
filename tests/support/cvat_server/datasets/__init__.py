"""Data sets as CVAT writes and reads them: one format a file."""

"""What a project that people have labeled is worth: agreement, overwrites, errors, duplicates."""

from auto_labeling.auditing.audit import Audit, audit

__all__ = ["Audit", "audit"]

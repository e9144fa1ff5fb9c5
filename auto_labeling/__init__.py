"""Label a pool within a budget: `AutoLabelingPipeline.run`, and what it is made of.

Names are loaded when they are first used, so that `import auto_labeling` stays cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = ["AutoLabelingPipeline", "__version__"]

_HOMES = {"AutoLabelingPipeline": "auto_labeling.pipeline"}
"""Public name -> the module it lives in."""

if TYPE_CHECKING:
    from auto_labeling.pipeline import AutoLabelingPipeline
else:

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module 'auto_labeling' has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)

    def __dir__() -> list[str]:
        return sorted(__all__)

"""A chart as part of a page: in the page's colours and letters, and pointing nowhere outside."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from markupsafe import Markup

from auto_labeling.reporting.curves import PALETTE

_LINK = "{http://www.w3.org/1999/xlink}href"
_LEFT_OUT = frozenset({"metadata", "style"})
"""Addresses of vocabularies, and rules that would reach the whole page."""
_KEPT_OF_THE_ROOT = ("viewBox",)


def inline(svg: bytes, *, key: str, title: str) -> Markup:
    """Return the SVG as a part of HTML.

    Its colours become the custom properties `--campaign`, `--soft` and so on, its letters the
    page's. `key` tells its ids from those of the page's other charts; `title` is read out.
    """
    root = ET.fromstring(svg)  # noqa: S314 - this package has drawn it
    _strip(root)
    for name in [name for name in root.attrib if name not in _KEPT_OF_THE_ROOT]:
        del root.attrib[name]
    root.attrib |= {"role": "img", "aria-label": title}
    wanted = {link.removeprefix("#") for one in root.iter() if (link := one.get(_LINK))}
    for element in root.iter():
        _rename(element, key, wanted)
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 - ET has escaped it


def _strip(element: ET.Element) -> None:
    for child in list(element):
        if _local(child) in _LEFT_OUT:
            element.remove(child)
        else:
            _strip(child)


def _rename(element: ET.Element, key: str, wanted: set[str]) -> None:
    element.tag = _local(element)
    name = element.attrib.pop("id", None)
    if name in wanted:
        element.set("id", f"{key}-{name}")
    link = element.attrib.pop(_LINK, None)
    if link is not None:
        element.set("href", f"#{key}-{link.removeprefix('#')}")
    style = element.get("style")
    if style is not None:
        element.set("style", _restyled(style))
    if element.text is not None and not element.text.strip():
        element.text = None
    element.tail = None


def _restyled(style: str) -> str:
    for role, color in PALETTE.items():
        style = style.replace(color, f"var(--{role})")
    return re.sub(r"font-family:[^;]*;?\s*", "", style)


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]

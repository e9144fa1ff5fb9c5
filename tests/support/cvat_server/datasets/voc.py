"""PASCAL VOC 1.1: boxes in one XML file a picture. Not recorded: after the format's own devkit."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree as ET

from tests.support.cvat_server.datasets.contents import Contents, ImportFailed, Item, Read


def write(contents: Contents) -> dict[str, bytes]:
    """Return the label map, a list of pictures a subset, and a file a picture."""
    names = [label.name for label in contents.labels]
    colors = [label.color.lstrip("#") for label in contents.labels]
    rows = [
        f"{name}:{','.join(str(int(color[at : at + 2], 16)) for at in (0, 2, 4))}::\n"
        for name, color in zip(names, colors, strict=True)
    ]
    head = "# label:color_rgb:parts:actions\n"
    files = {"labelmap.txt": f"{head}{''.join(rows)}background:0,0,0::\n".encode()}
    for subset, items in contents.subsets("default").items():
        listed = "".join(f"{item.stem}\n" for item in items)
        files[f"ImageSets/Main/{subset}.txt"] = listed.encode()
        for item in items:
            files[f"Annotations/{item.stem}.xml"] = _picture(contents, item)
    return files


def image(item: Item) -> str:
    """Return where a picture lies."""
    return f"JPEGImages/{item.name}"


def _picture(contents: Contents, item: Item) -> bytes:
    root = ET.Element("annotation")
    _add(root, folder="", filename=item.name)
    _add(ET.SubElement(root, "source"), database="Unknown", annotation="Unknown")
    size = {"width": item.width, "height": item.height, "depth": ""}
    _add(ET.SubElement(root, "size"), **size)
    _add(root, segmented=0)
    for shape in item.shapes:
        if shape.type == "rectangle":
            one = ET.SubElement(root, "object")
            _add(one, name=contents.label(shape).name, truncated=0, difficult=0)
            _add(one, occluded=int(shape.occluded))
            corners = zip(("xmin", "ymin", "xmax", "ymax"), shape.points, strict=True)
            _add(ET.SubElement(one, "bndbox"), **{key: float(at) for key, at in corners})
            attributes = ET.SubElement(one, "attributes")
            for name, value in contents.attributes(shape).items():
                _add(ET.SubElement(attributes, "attribute"), name=name, value=value)
            _add(
                ET.SubElement(attributes, "attribute"),
                name="rotation",
                value=shape.rotation,
            )
    ET.indent(root)
    return ET.tostring(root)


def _add(parent: ET.Element, **texts: object) -> None:
    for name, text in texts.items():
        ET.SubElement(parent, name).text = str(text)


def read(files: Mapping[str, bytes]) -> list[Read]:
    """Return the boxes of all pictures."""
    found = {name: text for name, text in files.items() if name.startswith("Annotations/")}
    if not found:
        raise ImportFailed("Dataset must contain a file: 'ImageSets/*/*.txt'")
    return [one for name, text in found.items() for one in _read(name, text)]


def _read(name: str, content: bytes) -> list[Read]:
    try:
        root = ET.fromstring(content)
    except ET.ParseError:
        raise ImportFailed(f"Failed to import dataset 'voc' at '{name}'.") from None
    item = root.findtext("filename") or name.rsplit("/", 1)[1].removesuffix(".xml")
    return [
        Read(
            item=item,
            label=one.findtext("name", ""),
            fields={
                "type": "rectangle",
                "points": [
                    float(one.findtext(f"bndbox/{corner}", "0"))
                    for corner in ("xmin", "ymin", "xmax", "ymax")
                ],
                "occluded": one.findtext("occluded") == "1",
                "rotation": float(_attributes(one).get("rotation", "0")),
            },
            attributes={key: value for key, value in _attributes(one).items() if key != "rotation"},
        )
        for one in root.findall("object")
    ]


def _attributes(one: ET.Element) -> dict[str, str]:
    pairs = one.findall("attributes/attribute")
    return {pair.findtext("name", ""): pair.findtext("value", "") for pair in pairs}

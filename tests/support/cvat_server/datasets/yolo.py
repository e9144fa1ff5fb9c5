"""YOLO 1.1: unrotated boxes as fractions, an empty file for a picture without them."""

from __future__ import annotations

from collections.abc import Mapping

from tests.support.cvat_server.datasets.contents import Contents, ImportFailed, Item, Read


def write(contents: Contents) -> dict[str, bytes]:
    """Return `obj.data`, `obj.names`, a list of pictures a subset, and a file a picture."""
    subsets = contents.subsets("train")
    names = [label.name for label in contents.labels]
    lists = "".join(f"{subset} = data/{subset}.txt\n" for subset in subsets)
    told = f"classes = {len(names)}\n{lists}names = data/obj.names\nbackup = backup/\n"
    files = {"obj.data": told, "obj.names": "".join(f"{name}\n" for name in names)}
    for subset, items in subsets.items():
        files[f"{subset}.txt"] = "".join(f"data/{image(item)}\n" for item in items)
        for item in items:
            files[f"obj_{subset}_data/{item.stem}.txt"] = _boxes(contents, item)
    return {name: text.encode() for name, text in files.items()}


def image(item: Item) -> str:
    """Return where a picture lies."""
    return f"obj_{item.subset or 'train'}_data/{item.name}"


def _boxes(contents: Contents, item: Item) -> str:
    numbers = {label.id: at for at, label in enumerate(contents.labels)}
    lines = []
    for shape in item.shapes:
        if shape.type == "rectangle" and not shape.rotation:
            left, top, right, bottom = shape.points
            x, width = (left + right) / 2 / item.width, (right - left) / item.width
            y, height = (top + bottom) / 2 / item.height, (bottom - top) / item.height
            lines.append(f"{numbers[shape.label_id]} {x:.6f} {y:.6f} {width:.6f} {height:.6f}\n")
    return "".join(lines)


def read(files: Mapping[str, bytes], sizes: Mapping[str, tuple[int, int]]) -> list[Read]:
    """Return the boxes; `sizes` are (width, height) by a picture's name without its ending."""
    names = files.get("obj.names")
    if names is None or "obj.data" not in files:
        raise ImportFailed("Dataset must contain a file: 'obj.data'")
    labels = names.decode().split("\n")
    found = []
    for name, content in files.items():
        folder, _, file = name.rpartition("/")
        if not (folder.startswith("obj_") and file.endswith(".txt")):
            continue
        stem = file.removesuffix(".txt")
        for line in content.decode().splitlines():
            if stem not in sizes:
                raise ImportFailed(f"Could not match item id: '{stem}' with any task frame")
            found.append(_box(line, stem, labels, sizes[stem]))
    return found


def _box(line: str, stem: str, labels: list[str], size: tuple[int, int]) -> Read:
    try:
        number, x, y, width, height = line.split()
        middle = (float(x) * size[0], float(y) * size[1])
        half = (float(width) * size[0] / 2, float(height) * size[1] / 2)
        label = labels[int(number)]
    except (ValueError, IndexError):
        raise ImportFailed(f"Failed to import item '{stem}' annotation") from None
    points = [middle[0] - half[0], middle[1] - half[1], middle[0] + half[0], middle[1] + half[1]]
    return Read(item=stem, label=label, fields={"type": "rectangle", "points": points})

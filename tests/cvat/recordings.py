"""The exchanges recorded between cvat-sdk and a real CVAT, and what their requests carried."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Exchange = dict[str, Any]

ROOT = Path(__file__).parents[2]
GOLDEN = Path(os.environ.get("AUTO_LABELING_GOLDEN", ROOT.parent / "shared" / "golden")) / "cvat"
# Named here, so that a folder that is missing or grew is a failure and not an empty test.
FILES = (
    "01_login_and_about",
    "02_create_project_with_labels",
    "03_create_task_in_project_and_upload_5_images",
    "04_task_get_labels_meta_jobs",
    "05_put_task_annotations_rectangles_tags_polygon_mask",
    "06_get_task_and_job_annotations",
    "07_assign_jobs_and_change_stage_state",
    "08_export_dataset",
    "09_import_annotations",
    "10_consensus_task",
    "11_ground_truth_job_and_quality_report",
    "12_honeypot_gt_pool_task",
    "13_webhook_create_ping_and_update_job_delivery",
    "14_errors",
    "15_delete_task_project",
    "16_users_list_and_memberships",
    "17_task_list_filter_by_name_and_project",
)
SIZE = (320, 240)
MULTIPART = "multipart/form-data; boundary="


def recorded(name: str) -> list[Exchange]:
    """Return the exchanges of a file, named whole or by its number."""
    [file] = [file for file in FILES if file.startswith(name)]
    exchanges: list[Exchange] = json.loads((GOLDEN / f"{file}.json").read_text(encoding="utf-8"))
    return exchanges


def picture(name: str, length: int) -> bytes:
    """Return a file of that name and length: a 320 x 240 PNG where it can be one, else junk."""
    shade = zlib.crc32(name.encode()) % 200
    rows = (b"\0" + bytes([shade]) * SIZE[0]) * SIZE[1]
    header = struct.pack(">IIBBBBB", *SIZE, 8, 0, 0, 0, 0)
    shown = [(b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    short = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*one) for one in shown)
    spare = length - len(short) - 12
    if not name.endswith(".png") or spare < 2:
        return (b"not a picture " * length)[:length]
    shown.insert(1, (b"tEXt", b"x\0" + b" " * (spare - 2)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*one) for one in shown)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def archive(entries: Mapping[str, Mapping[str, Any]], length: int) -> bytes:
    """Return a zip with those recorded entries, of exactly that length."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, entry in entries.items():
            made.writestr(name, json.dumps(entry["json"]) if "json" in entry else entry["text"])
        made.comment = b" " * (length - len(file.getvalue()) - _directory(made))
    return file.getvalue()


def _directory(made: zipfile.ZipFile) -> int:
    """Return how many bytes closing the zip will add."""
    return 22 + sum(46 + len(one.filename.encode()) + len(one.extra) for one in made.filelist)


def multipart(parts: Sequence[Mapping[str, Any]]) -> tuple[str, bytes]:
    """Return the content type and the body of a form with files, as the SDK sends it."""
    lines: list[bytes] = []
    for part in parts:
        said = f'form-data; name="{part["name"]}"'
        lines.append(b"--recorded")
        if "filename" in part:
            content = picture(part["filename"], part["length"])
            # The SDK sends whole local paths; only their last part may be used.
            lines.append(
                f'Content-Disposition: {said}; filename="/home/x/{part["filename"]}"'.encode()
            )
            lines.append(f"Content-Type: {part['content_type']}".encode())
        else:
            content = part["value"].encode()
            lines.append(f"Content-Disposition: {said}".encode())
        lines += [b"", content]
    return f"{MULTIPART}recorded", b"\r\n".join([*lines, b"--recorded--", b""])

"""On what kind of disk a folder lies; SQLite's locks hold on local disks only."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_KINDS = """
9p afs beegfs ceph cifs davfs fuse.cephfs fuse.gcsfuse fuse.glusterfs fuse.rclone fuse.s3fs
fuse.sshfs glusterfs gpfs lustre ncpfs nfs nfs4 ocfs2 pvfs2 smb2 smb3 smbfs
"""
NETWORK = frozenset(_KINDS.split())
_MOUNTS = Path("/proc/mounts")


def network_disk(path: Path, mounts: Iterable[str] | None = None) -> str | None:
    """Return the kind of the network disk that `path` lies on, or None where it is a local one.

    >>> network_disk(Path("/data/x"), ["d /data nfs4 rw 0 0", "/dev/a / ext4 rw 0 0"])
    'nfs4'
    """
    if mounts is None:
        if not _MOUNTS.exists():
            return None  # not Linux: nothing to read it from
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    place = path.resolve()
    found, kind = -1, ""
    for fields in (line.split() for line in mounts):
        if len(fields) < 3:
            continue
        point = Path(fields[1].encode().decode("unicode_escape"))  # blanks stand there as \040
        depth = len(point.parts)
        if place.is_relative_to(point) and depth >= found:
            found, kind = depth, fields[2]
    return kind if kind in NETWORK else None

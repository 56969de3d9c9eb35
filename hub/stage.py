"""Root only: shows bubblewrap the workspace's folders in a private place, then becomes the workspace's own user.

Why: bubblewrap run by root maps the researcher inside to root outside. Then /proc/sys and /dev inside belong to the
researcher (writing the kernel's core_pattern, changing the mode of the machine's /dev/null: both tried, both worked
before the read-only remounts). Bubblewrap run by another user cannot reach folders below root's own 0700 ones. So this
small program, started as root, mounts them under /mnt in a mount namespace of its own, drops to that user and turns
into bubblewrap. Promise: when bubblewrap starts, root is gone for good, and no workspace shares its user with another.

Run as `python -I -S stage.py PLAN_DESCRIPTOR COMMAND...`; the plan is JSON {"uid": n, "gid": n,
"mounts": [[source, target]]}.
It imports the standard library only, since it starts on the way to every workspace.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from pathlib import Path

STAGE = Path("/mnt")  # exists on every machine (Filesystem Hierarchy Standard) and root's 0755
CLONE_NEWNS = 0x00020000
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 4096, 16384, 1 << 18


def main() -> None:
    """Mount, drop root, become the command."""
    descriptor, *command = sys.argv[1:]
    with os.fdopen(int(descriptor)) as opened:
        plan = json.load(opened)
    mount_all([(Path(source), Path(target)) for source, target in plan["mounts"]])
    become(int(plan["uid"]), int(plan["gid"]))
    os.execv(command[0], command)  # noqa: S606  (no shell)


def mount_all(mounts: list[tuple[Path, Path]]) -> None:
    """Bind each source on its target below STAGE, seen by this process and its children only."""
    library = ctypes.CDLL(None, use_errno=True)
    _check(library.unshare(CLONE_NEWNS))
    _mount(library, "none", Path("/"), "", MS_REC | MS_PRIVATE)
    _mount(library, "tmpfs", STAGE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=64k")
    for source, target in mounts:
        if source.is_dir():
            target.mkdir(mode=0o755)
        else:
            target.touch(mode=0o644)
        _mount(library, str(source), target, "", MS_BIND | MS_REC)


def become(uid: int, gid: int) -> None:
    """Give up root and every capability, in all three user ids and all groups; the one group left is the project's."""
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if 0 in (*os.getresuid(), *os.getresgid()):
        raise PermissionError("root was not given up")


def _mount(library: ctypes.CDLL, source: str, target: Path, kind: str, flags: int, data: str = "") -> None:
    pointers = (source.encode(), os.fsencode(target), kind.encode() or None)
    _check(library.mount(*pointers, ctypes.c_ulong(flags), data.encode() or None))


def _check(result: int) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


if __name__ == "__main__":
    main()

"""Attacks on what was brought in for a project: code inside reads it, and cannot change, replace, hide or keep it out.

`inside` and `neighbour` are two people of one project; what lands is written by the gateway, as the airlock does.
"""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from governance.settings import Settings
from tests.support.walled import Walled, walled

pytestmark = pytest.mark.slow
CONTENT = "code,label\n1,one\n"


@pytest.fixture
def landed(host: Settings, inside: Walled) -> Path:
    """One file that lands while the workspace is running."""
    folder = host.folder.imports_of("gi-bleed") / "codes-0123456789abcdef"
    if not folder.exists():
        folder.mkdir()
        (folder / "codes.csv").write_text(CONTENT)
        (folder / "codes.csv").chmod(0o444)
        folder.chmod(0o555)
    return folder


FILE = "/home/imports/codes-0123456789abcdef/codes.csv"
FOLDER = "/home/imports/codes-0123456789abcdef"


def test_what_lands_is_read_by_all_who_run_already(landed: Path, inside: Walled, neighbour: Walled) -> None:
    for room in (inside, neighbour):
        assert room.run(f"result = open('{FILE}').read()") == CONTENT
    assert inside.run("import os; result = os.readlink('/home/researcher/imports')") == "/home/imports"
    assert inside.run(f"result = open('imports/{FILE.removeprefix('/home/imports/')}').read()") == CONTENT


def test_another_project_sees_none_of_it(landed: Path, host: Settings) -> None:
    with walled(host, "researcher-b", "respiratory") as stranger:
        assert stranger.run("import os; result = os.listdir('/home/imports')") == []
        assert stranger.attempt(f"open('{FILE}')")["errno"] == errno.ENOENT


@pytest.mark.parametrize(
    "code",
    [
        f"open('{FILE}', 'w')",
        f"open('{FILE}', 'a')",
        f"open('{FILE}', 'r+b')",
        f"import os; os.truncate('{FILE}', 0)",
        f"import os; os.unlink('{FILE}')",
        f"import os; os.chmod('{FILE}', 0o666)",
        f"import os; os.utime('{FILE}')",
        f"import os; os.setxattr('{FILE}', 'user.x', b'1')",
        f"import os; os.rename('{FILE}', '{FOLDER}/other.csv')",
        f"import os; os.rename('{FOLDER}', '/home/imports/other')",
        f"import os; os.rename('{FOLDER}', '/home/researcher/other')",
        "import os; os.rename('/home/imports', '/home/researcher/moved')",
        "import os; open('own', 'w').close(); os.replace('own', '" + FILE + "')",
        "import os; os.symlink('/etc/passwd', '/home/imports/link')",
        f"import os; os.symlink('/etc/passwd', '{FOLDER}/link')",
        "import os; os.mkdir('/home/imports/new')",
        "import os; os.mkfifo('/home/imports/pipe')",
        f"import os; os.link('{FILE}', '/home/researcher/kept.csv')",
        "import os; open('own', 'w').close(); os.link('own', '/home/imports/own')",
        "import os; os.rmdir('/home/imports')",
        "import os; os.chmod('/home/imports', 0o777)",
        f"import os; os.open('{FOLDER}', os.O_TMPFILE | os.O_WRONLY)",
    ],
)
def test_no_call_changes_it(code: str, landed: Path, inside: Walled) -> None:
    answer = inside.attempt(code)
    assert answer["errno"] in (errno.EROFS, errno.EACCES, errno.EPERM, errno.EXDEV, errno.EBUSY), answer
    assert (landed / "codes.csv").read_text() == CONTENT
    assert sorted(path.name for path in landed.iterdir()) == ["codes.csv"]


REMOUNT = """
import ctypes, os
library = ctypes.CDLL(None, use_errno=True)
REMOUNT, BIND, MOVE = 32, 4096, 8192
tries = [
    (b"none", b"/home/imports", None, REMOUNT | BIND),
    (b"none", b"/home/imports", None, REMOUNT),
    (b"/home/researcher", b"/home/imports", None, BIND),
    (b"/home/imports", b"/home/researcher", None, MOVE),
    (b"tmpfs", b"/home/imports", b"tmpfs", 0),
]
result = []
for source, target, kind, flags in tries:
    done = library.mount(source, target, kind, ctypes.c_ulong(flags), None)
    result.append(done)
result.append(library.umount2(b"/home/imports", 2))
result.append(library.unshare(0x10020000))
"""


def test_it_is_not_mounted_anew_covered_or_taken_away(landed: Path, inside: Walled) -> None:
    assert set(inside.run(REMOUNT)) == {-1}
    assert inside.run(f"result = open('{FILE}').read()") == CONTENT


def test_it_is_not_reached_by_another_way(landed: Path, inside: Walled) -> None:
    for way in (f"/proc/1/root{FILE}", f"/proc/self/root{FILE}", "/proc/self/fd/{}"):
        code = f"import os; held = os.open('{FILE}', os.O_RDONLY); open('{way}'.format(held), 'w')"
        assert inside.attempt(code)["errno"] in (errno.EROFS, errno.EACCES, errno.ENOENT)


def test_what_is_taken_away_is_gone_from_those_who_run(landed: Path, inside: Walled) -> None:
    landed.chmod(0o755)
    (landed / "codes.csv").unlink()
    landed.rmdir()
    assert inside.run("import os; result = os.listdir('/home/imports')") == []

"""What the workspaces of one project share: a folder, and a git repository to push to and pull from.

Promise: under a gateway run by root the folder belongs to a group number of the project's own, which its workspaces
have and no other process; no workspace of another project has it mounted. Nobody can leave a hook or a setting in the
repository: the gateway makes it, and a workspace can write its objects and refs only (`hub.sandbox`). Git's own rule
refuses every other repository whose owner is another person.

As with homes, the folder's own group is the record; there is no second list to go out of step.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from hub.names import INSIDE_IMPORTS, INSIDE_SHARED, WorkspacePlaces
from hub.ownership import alone_in, next_number, own_tree

FIRST_GROUP, LAST_GROUP = 2_000_000_000, 2_099_999_999
GROUP_WRITES, GROUP_READS = 0o2770, 0o2750  # setgid: what is made below belongs to the group too
#: Name in the home -> where it leads, because the Lab shows nothing above the home.
LINKS = {"shared": INSIDE_SHARED, "imports": INSIDE_IMPORTS}

REPOSITORY_FOLDERS = ("objects", "objects/info", "objects/pack", "refs", "refs/heads", "refs/tags")
#: HEAD names the default branch by way of another name. Git locks HEAD itself when the branch is updated that HEAD
#: names directly, and in a workspace that folder is read-only.
DEFAULT_BRANCH = "refs/default"
#: The layout of gitrepository-layout(5). Nothing of it names a program.
REPOSITORY_SETTINGS = """[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
\tsharedRepository = group
[receive]
\tdenyNonFastForwards = true
\tautogc = false
"""


def prepare_shared(places: WorkspacePlaces) -> int:
    """Make the project's folder and repository if they are missing; returns the group number. Blocking."""
    places.state.shared.mkdir(mode=0o700, exist_ok=True)
    with alone_in(places.state.shared):
        places.shared.mkdir(mode=0o700, exist_ok=True)
        gid = _group_of(places)
        if not places.shared_files.exists():
            _make(places.shared_files, gid, GROUP_WRITES)
        if not places.repository.exists():
            _make_repository(places.repository, gid)
    return gid


def link_shared(home: Path) -> None:
    """Links in the home, where the Lab's file browser shows them. Whatever already has the name stays; a home that its
    owner has closed, or a full disk, only goes without."""
    for name, target in LINKS.items():
        with contextlib.suppress(OSError):
            (home / name).symlink_to(target)


def _group_of(places: WorkspacePlaces) -> int:
    """The project's number; of a gateway that is not root, its own. A folder that came from elsewhere, a backup say,
    and that no workspace has been shown, is given its number with all it holds."""
    if os.geteuid() != 0:
        return os.getegid()
    held = places.shared.lstat().st_gid
    if FIRST_GROUP <= held <= LAST_GROUP:
        return held
    taken = [entry.stat(follow_symlinks=False).st_gid for entry in os.scandir(places.state.shared)]
    number = next_number(taken, FIRST_GROUP, LAST_GROUP)
    own_tree(places.shared, f":{number}")  # the folder itself comes last: it is the record
    return number


def _make_repository(repository: Path, gid: int) -> None:
    """Built beside its place and moved there whole, so that no half of one is ever used."""
    half = repository.with_suffix(".new")
    half.mkdir(mode=0o700, exist_ok=True)
    for name in REPOSITORY_FOLDERS:
        (half / name).mkdir(exist_ok=True)
        _open_to_group(half / name, gid, GROUP_WRITES)
    names = (("HEAD", f"ref: {DEFAULT_BRANCH}\n"), (DEFAULT_BRANCH, "ref: refs/heads/main\n"))
    for name, text in (*names, ("config", REPOSITORY_SETTINGS)):
        (half / name).write_text(text)
        _open_to_group(half / name, gid, 0o640)
    _open_to_group(half, gid, GROUP_READS)
    half.rename(repository)


def _make(folder: Path, gid: int, mode: int) -> None:
    folder.mkdir(mode=0o700)
    _open_to_group(folder, gid, mode)


def _open_to_group(path: Path, gid: int, mode: int) -> None:
    """The owner stays the gateway. The mode comes last: giving a file away clears its setgid bit."""
    if os.geteuid() == 0:
        os.chown(path, 0, gid)
    path.chmod(mode)

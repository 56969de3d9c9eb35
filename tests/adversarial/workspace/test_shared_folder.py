"""Attacks through the folder and the repository that members of one project share, and on them from elsewhere.

`inside` and `neighbour` are two people of one project; a third workspace belongs to another project.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from governance.settings import Settings
from hub.shared import prepare_shared
from tests.support.walled import Walled, walled

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stranger(host: Settings) -> Iterator[Walled]:
    with walled(host, "researcher-b", "respiratory") as other:
        yield other


@pytest.fixture
def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("one user for all: `sde doctor` says so")


class TestBetweenProjects:
    def test_another_projects_folder_is_not_there(self, inside: Walled, stranger: Walled) -> None:
        inside.run("open('/home/shared/ours.txt', 'w').write('ours')")
        assert stranger.run("import os; result = os.listdir('/home/shared')") == []
        assert "gi-bleed" not in stranger.run("result = open('/proc/self/mountinfo').read()")

    def test_a_person_of_two_projects_has_two_groups(self, neighbour: Walled, stranger: Walled, as_root: None) -> None:
        groups = [Path(f"/proc/{one.started.sandbox.first.pid}/status").read_text() for one in (neighbour, stranger)]
        numbers = [next(line for line in text.splitlines() if line.startswith("Gid:")).split()[1] for text in groups]
        assert numbers[0] != numbers[1]
        assert all(next(line for line in text.splitlines() if line.startswith("Groups:")) for text in groups)

    def test_nothing_can_be_given_to_another_group(self, inside: Walled) -> None:
        for gid in (0, 1, 65534):
            answer = inside.attempt(
                f"import os; open('/home/shared/given', 'w').close(); os.chown('/home/shared/given', -1, {gid})"
            )
            assert answer["errno"] in (errno.EPERM, errno.EINVAL)


class TestBetweenMembers:
    def test_a_home_is_not_reached_through_the_folder(self, inside: Walled, neighbour: Walled) -> None:
        neighbour.run("open('/home/researcher/private.txt', 'w').write('mine')")
        inside.run(
            "import os\nlinks = {'l1': '/home/researcher/private.txt', 'l2': '../researcher', 'l3': '/proc/1/root'}\n"
            "for name, target in links.items(): os.symlink(target, '/home/shared/' + name)"
        )
        code = "import os\nresult = []\nfor n in ('l1', 'l2/private.txt', 'l3/home/researcher/private.txt'):\n"
        code += "    try: result.append(open('/home/shared/' + n).read())\n    except OSError: pass"
        assert inside.run(code) == []  # its own home, in which there is no such file

    def test_a_file_of_the_home_cannot_be_linked_into_it(self, inside: Walled) -> None:
        """Nor the other way round: one file is counted in one place."""
        inside.run("open('/home/researcher/own', 'w').close(); open('/home/shared/own', 'w').close()")
        for here, there in (("/home/researcher/own", "/home/shared/a"), ("/home/shared/own", "/home/researcher/b")):
            assert inside.attempt(f"import os; os.link({here!r}, {there!r})")["errno"] == errno.EXDEV

    def test_a_colleagues_program_runs_as_whoever_starts_it(self, inside: Walled, neighbour: Walled) -> None:
        inside.run(
            "import os, shutil; shutil.copy('/usr/bin/id', '/home/shared/id'); os.chmod('/home/shared/id', 0o6755)"
        )
        code = """
import os, subprocess
result = [subprocess.check_output(["/home/shared/id", word], text=True).strip() for word in ("-u", "-g")]
"""
        assert neighbour.run(code) == ["1000", neighbour.run("import os; result = str(os.getgid())")]

    def test_a_private_file_stays_private(self, inside: Walled, neighbour: Walled, as_root: None) -> None:
        neighbour.run("import os; os.close(os.open('/home/shared/hidden', os.O_CREAT | os.O_WRONLY, 0o600))")
        for mode in ("r", "a"):
            assert inside.attempt(f"open('/home/shared/hidden', {mode!r})")["errno"] == errno.EACCES
        assert inside.attempt("import os; os.chmod('/home/shared/hidden', 0o666)")["errno"] == errno.EPERM

    def test_the_folder_itself_cannot_be_moved_or_closed(self, inside: Walled, neighbour: Walled) -> None:
        for code in (
            "import os; os.rename('/home/shared', '/home/researcher/moved')",
            "import os; os.rmdir('/home/shared')",
            "import os; os.rename('/home/project.git/refs', '/home/project.git/x')",
        ):
            assert inside.attempt(code)["errno"] in (errno.EBUSY, errno.EROFS, errno.EXDEV, errno.EACCES)
        if os.geteuid() == 0:
            assert inside.attempt("import os; os.chmod('/home/shared', 0)")["errno"] == errno.EPERM
        neighbour.run("import os; result = os.listdir('/home/shared')")


class TestRepository:
    def test_no_hook_setting_or_branch_name_can_be_planted(self, inside: Walled) -> None:
        for path in (
            "config",
            "HEAD",
            "hooks/post-receive",
            "hooks",
            "config.worktree",
            "packed-refs",
            "info/attributes",
        ):
            answer = inside.attempt(f"open('/home/project.git/{path}', 'a').write('x')")
            assert answer["errno"] in (errno.EROFS, errno.EACCES, errno.ENOENT, errno.EISDIR), path
            answer = inside.attempt(f"import os; os.symlink('/home/researcher/x', '/home/project.git/{path}')")
            assert answer["errno"] in (errno.EROFS, errno.EACCES, errno.ENOENT, errno.EEXIST), path

    def test_a_colleagues_own_repository_runs_nothing(self, inside: Walled, neighbour: Walled, as_root: None) -> None:
        """Every setting of git that names a program, in a repository that somebody else left in the folder."""
        inside.run(
            """
import os, subprocess
folder = "/home/shared/trap"
subprocess.run(["git", "init", "-q", folder], check=True)
run = "touch /tmp/trapped #"
for name in ("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "diff.external", "filter.x.clean",
             "filter.x.smudge", "diff.x.textconv", "alias.status", "credential.helper", "gpg.program", "core.askPass",
             "uploadpack.packObjectsHook", "core.alternateRefsCommand", "merge.x.driver", "sequence.editor"):
    subprocess.run(["git", "-C", folder, "config", name, run], check=True)
open(folder + "/.gitattributes", "w").write("* filter=x diff=x merge=x\\n")
open(folder + "/a.txt", "w").write("a\\n")
os.makedirs(folder + "/.git/hooks", exist_ok=True)
for hook in ("post-checkout", "pre-commit", "post-index-change", "fsmonitor-watchman"):
    with open(f"{folder}/.git/hooks/{hook}", "w") as out:
        out.write("#!/bin/sh\\ntouch /tmp/trapped\\n")
    os.chmod(f"{folder}/.git/hooks/{hook}", 0o755)
subprocess.run(["chmod", "-R", "a+rwX", folder])
"""
        )
        code = """
import os, subprocess
told = [subprocess.run(["git", "-C", "/home/shared/trap", *words], capture_output=True, text=True, input="").returncode
        for words in (["status"], ["diff"], ["add", "-A"], ["log"], ["show"], ["fetch", "."], ["stash"])]
subprocess.run(["git", "clone", "-q", "/home/shared/trap", "/tmp/clone"], capture_output=True)
result = [os.path.exists("/tmp/trapped"), all(told)]
"""
        trapped, all_refused = neighbour.run(code)
        assert not trapped
        assert all_refused

    def test_refs_that_lead_elsewhere_change_nothing_of_a_colleague(self, inside: Walled, neighbour: Walled) -> None:
        inside.run(
            "import os\nos.symlink('/home/researcher/.config', '/home/project.git/refs/heads/planted')\n"
            "open('/home/project.git/objects/info/alternates', 'w').write('/home/researcher/secret/objects\\n')"
        )
        code = """
import os, subprocess
os.makedirs("/home/researcher/.config", exist_ok=True)
quiet = {"capture_output": True, "text": True}
subprocess.run("rm -rf /tmp/w && git clone -q /home/project.git /tmp/w && cd /tmp/w "
               "&& git commit -q --allow-empty -m x "
               "&& git push -q origin HEAD:refs/heads/planted/x", shell=True, **quiet)
result = os.listdir("/home/researcher/.config")
"""
        assert neighbour.run(code) in ([], ["x"])  # at worst a name of its own push, holding a commit's number
        inside.run("import os; os.unlink('/home/project.git/refs/heads/planted')")


class TestFromOutside:
    def test_the_gateway_prepares_it_again_whatever_lies_in_it(self, inside: Walled, host: Settings) -> None:
        inside.run(
            """
import os
os.makedirs("/home/shared/x/y", exist_ok=True)
if not os.path.lexists("/home/shared/fifo"):
    os.mkfifo("/home/shared/fifo")
    os.symlink("/etc/passwd", "/home/shared/passwd")
    os.symlink("loop", "/home/shared/loop")
    os.mkdir("/home/shared/" + "n" * 250)
"""
        )
        before = (Path("/etc/passwd").stat().st_gid, Path("/etc/passwd").stat().st_mode)
        prepare_shared(inside.places)
        assert (Path("/etc/passwd").stat().st_gid, Path("/etc/passwd").stat().st_mode) == before

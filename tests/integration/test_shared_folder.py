"""The folder and the repository that workspaces of one project share: who gets in, and what one member can do to
another. Attacked from inside real workspaces: two of one project, one of another."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from governance.settings import Settings, load_settings
from hub.names import INSIDE_REPOSITORY, INSIDE_SHARED, places_of
from hub.shared import FIRST_GROUP
from tests.support.walled import Walled, walled

pytestmark = pytest.mark.slow

AS_ROOT = os.geteuid() == 0
root_only = pytest.mark.skipif(not AS_ROOT, reason="without root git cannot tell the members apart (isolation.md)")
GIT = """
import pathlib, subprocess
def git(*words, at='/home/researcher', **more):
    done = subprocess.run(['git', *words], cwd=at, capture_output=True, text=True, timeout=60)
    return [done.returncode, done.stdout, done.stderr]
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    loaded = load_settings(state=tmp_path_factory.mktemp("shared") / "state")
    loaded.folder.create()
    return loaded


@pytest.fixture(scope="module")
def members(gateway: Settings) -> Iterator[tuple[Walled, Walled, Walled]]:
    with ExitStack() as stack:
        people = (("ann", "alpha"), ("ben", "alpha"), ("eve", "beta"))
        ann, ben, eve = (stack.enter_context(walled(gateway, subject, project)) for subject, project in people)
        yield ann, ben, eve


@pytest.fixture
def ann(members: tuple[Walled, Walled, Walled]) -> Walled:
    return members[0]


@pytest.fixture
def ben(members: tuple[Walled, Walled, Walled]) -> Walled:
    return members[1]


@pytest.fixture
def eve(members: tuple[Walled, Walled, Walled]) -> Walled:
    return members[2]


class TestFolder:
    def test_members_read_change_and_remove_each_others_files(self, ann: Walled, ben: Walled) -> None:
        assert not AS_ROOT or ann.prepared.uid != ben.prepared.uid
        ann.run("import os; os.makedirs('/home/shared/a/b'); open('/home/shared/a/b/x', 'w').write('from ann')")
        code = "f = open('/home/shared/a/b/x', 'r+'); old = f.read(); f.write(', ben'); f.close(); result = old"
        assert ben.run(code) == "from ann"
        assert ann.run("result = open('/home/shared/a/b/x').read()") == "from ann, ben"
        ben.run("import os; os.rename('/home/shared/a/b/x', '/home/shared/y'); open('/home/shared/a/z', 'w').close()")
        ann.run("import os; os.unlink('/home/shared/y'); os.unlink('/home/shared/a/z')")

    def test_it_is_in_the_home_by_a_link_and_the_home_stays_closed(self, ann: Walled, ben: Walled) -> None:
        ann.run("open('/home/researcher/shared/linked', 'w').write('x')")
        assert ben.run("result = open('/home/shared/linked').read()") == "x"
        mode = os.lstat(ann.places.home).st_mode & 0o7777
        assert mode == 0o700

    def test_another_project_sees_nothing_of_it(self, ann: Walled, eve: Walled) -> None:
        ann.run("open('/home/shared/secret-of-alpha', 'w').close()")
        assert eve.run("import os; result = os.listdir('/home/shared')") == []
        assert "alpha" not in eve.run("result = open('/proc/self/mountinfo').read()")

    @root_only
    def test_each_project_has_a_group_of_its_own_and_keeps_it(self, ann: Walled, ben: Walled, eve: Walled) -> None:
        assert ann.prepared.gid == ben.prepared.gid != eve.prepared.gid
        assert min(ann.prepared.gid, eve.prepared.gid) >= FIRST_GROUP
        assert os.lstat(ann.places.shared).st_gid == ann.prepared.gid
        status = ann.run("result = open('/proc/self/status').read()")
        assert "Groups:\t \n" in status or "Groups:\t\n" in status  # the project's is the only one

    @root_only
    def test_a_group_does_not_open_another_projects_folder_on_the_host(self, ann: Walled, eve: Walled) -> None:
        held = os.lstat(ann.places.shared_files)
        assert held.st_mode & 0o7777 == 0o2770
        assert held.st_gid != eve.prepared.gid

    def test_nobody_inside_can_open_it_to_the_world_or_replace_it(self, ann: Walled) -> None:
        if AS_ROOT:  # else the gateway's own user is everybody's
            assert ann.attempt("import os; os.chmod('/home/shared', 0o777)")["errno"] == errno.EPERM
        assert ann.attempt("import os; os.rename('/home/shared', '/home/x')")["errno"] in (errno.EROFS, errno.EBUSY)

    def test_a_planted_link_leads_into_the_readers_own_room(self, ann: Walled, ben: Walled) -> None:
        """A link is followed by whoever opens it, in their own view: it gives its author nothing."""
        home = os.fspath(ann.places.home)
        ann.run("open('/home/researcher/private', 'w').write('of ann')")
        ben.run(f"""
import os
os.symlink('/home/researcher/private', '/home/shared/to-home')
os.symlink({home!r}, '/home/shared/to-host')
os.symlink('/proc/1/root', '/home/shared/to-root')
""")
        assert ben.attempt("open('/home/shared/to-home').read()")["errno"] == errno.ENOENT
        assert ben.attempt("import os; os.listdir('/home/shared/to-host')")["errno"] == errno.ENOENT
        assert ben.run("import os; result = 'private' in os.listdir('/home/shared/to-root/home/researcher')") is False

    def test_the_gateway_follows_no_link_when_a_workspace_starts_again(self, gateway: Settings) -> None:
        with walled(gateway, "cat", "gamma") as cat:
            cat.run("""
import os
os.unlink('/home/researcher/shared'); os.symlink('/etc', '/home/researcher/shared')
os.symlink('/etc/passwd', '/home/shared/files')
""")
        with walled(gateway, "cat", "gamma") as cat:
            assert cat.run("import os; result = os.readlink('/home/researcher/shared')") == "/etc"
            assert cat.run("import os; result = os.listdir('/home/shared')") == ["files"]

    def test_memory_maps_and_locks_work(self, ann: Walled) -> None:
        """SQLite needs both; some shared file systems have neither."""
        code = "import sqlite3; c = sqlite3.connect('/home/shared/x.db'); c.execute('create table t (a)'); result = 1"
        assert ann.run(code) == 1


class TestGit:
    def test_members_push_and_pull_as_themselves(self, gateway: Settings) -> None:
        with walled(gateway, "one", "delta") as one, walled(gateway, "two", "delta") as two:
            first = one.run(f"""{GIT}
steps = [git('clone', '{INSIDE_REPOSITORY}', 'work')]
pathlib.Path('/home/researcher/work/a.py').write_text('a = 1')
steps += [git(*w, at='/home/researcher/work') for w in (['add', '.'], ['commit', '-m', 'first'], ['push'])]
result = steps""")
            assert [step[0] for step in first] == [0, 0, 0, 0], first
            second = two.run(f"""{GIT}
steps = [git('clone', '{INSIDE_REPOSITORY}', 'work')]
pathlib.Path('/home/researcher/work/a.py').write_text('a = 2')
steps += [git(*w, at='/home/researcher/work') for w in (['commit', '-am', 'second'], ['push'])]
result = steps""")
            assert [step[0] for step in second] == [0, 0, 0], second
            code, log, said = one.run(f"""{GIT}
git('pull', at='/home/researcher/work')
result = git('log', '--format=%an %ae %s', at='/home/researcher/work')""")
            assert code == 0, said
            authors = [line.split()[0::2] for line in log.splitlines()]
            assert authors == [["two", "second"], ["one", "first"]]
            assert all(line.split()[1].endswith("@workspace.invalid") for line in log.splitlines())

    @pytest.mark.parametrize(
        "code",
        [
            "open('{0}/config', 'a').write('[core]\\n\\tfsmonitor = /home/shared/x')",
            "import os; os.mkdir('{0}/hooks')",
            "open('{0}/commondir', 'w').write('/home/shared')",  # would send git to another folder's settings
            "open('{0}/config.worktree', 'w')",
            "import os; os.rename('{0}/objects', '{0}/other')",
            "import os; os.rename('{0}', '/home/shared/x')",
        ],
    )
    def test_nobody_leaves_a_hook_or_a_setting_in_the_repository(self, ann: Walled, code: str) -> None:
        assert ann.attempt(code.format(INSIDE_REPOSITORY))["errno"] in (
            errno.EROFS,
            errno.EBUSY,
            errno.EXDEV,
            errno.EACCES,
        )

    @root_only
    @pytest.mark.parametrize("command", ["status", "diff", "log", "checkout .", "commit -am x", "add .", "stash"])
    def test_a_trapped_repository_in_the_shared_folder_is_refused(self, ann: Walled, ben: Walled, command: str) -> None:
        """Every way in which a repository's own settings run a program: none is even read."""
        plant_trap(ben)
        code, _, said = ann.run(f"{GIT}result = git(*{command.split()!r}, at='/home/shared/trap')")
        assert code != 0
        assert "dubious ownership" in said or "Not a git repository" in said
        assert ann.run("import os; result = os.path.exists('/home/researcher/caught')") is False

    @root_only
    def test_the_trap_works_on_its_author(self, ben: Walled) -> None:
        """So the tests above would see it spring."""
        plant_trap(ben)
        ben.run(f"{GIT}git('diff', at='/home/shared/trap')")
        assert ben.run("import os; result = os.path.exists('/home/researcher/caught')") is True

    @root_only
    def test_nobody_changes_the_settings_of_anothers_repository(self, ann: Walled, ben: Walled) -> None:
        assert ann.run(f"{GIT}result = git('init', '/home/shared/anns')")[0] == 0
        for code in ("open('{0}/config', 'a')", "open('{0}/hooks/pre-commit', 'w')", "open('{0}/commondir', 'w')"):
            assert ben.attempt(code.format("/home/shared/anns/.git"))["errno"] == errno.EACCES
        ben.run("import os; os.rename('/home/shared/anns/.git', '/home/shared/anns/old')")
        ben.run(f"{GIT}git('init', '/home/shared/anns')")
        assert "dubious ownership" in ann.run(f"{GIT}result = git('status', at='/home/shared/anns')")[2]

    @pytest.mark.parametrize("folder", ["/home/shared/bare", "/home/shared/bare/refs"])
    def test_a_bare_repository_in_disguise_is_not_entered(self, ann: Walled, ben: Walled, folder: str) -> None:
        ben.run(f"{GIT}git('init', '--bare', '/home/shared/bare')")
        code, _, said = ann.run(f"{GIT}result = git('log', at={folder!r})")
        assert code != 0
        assert "bare repository" in said or "dubious ownership" in said

    @root_only
    def test_a_trapped_repository_cannot_be_cloned_or_pushed_to(self, ann: Walled, ben: Walled) -> None:
        plant_trap(ben)
        for words in (["clone", "/home/shared/trap", "c"], ["push", "/home/shared/trap", "HEAD:x"]):
            made = f"{GIT}git('init', 'own'); result = git(*{words!r}, at='/home/researcher/own')"
            assert ann.run(made)[0] != 0
        assert ann.run("import os; result = os.path.exists('/home/researcher/caught')") is False


def plant_trap(author: Walled) -> None:
    """A repository whose every code-running setting leaves a file in the home of whoever springs it."""
    author.run(f"""{GIT}
import os, stat
at = '/home/shared/trap'
if not os.path.exists(at):
    git('init', at)
    pathlib.Path(at, 'a').write_text('a')
    pathlib.Path(at, '.gitattributes').write_text('* filter=f diff=d merge=m')
    git('add', '.', at=at); git('commit', '-m', 'x', at=at)
    pathlib.Path(at, 'a').write_text('b')
    spring = pathlib.Path(at, 'spring'); spring.write_text('#!/bin/sh\\ntouch /home/researcher/caught\\n')
    spring.chmod(0o777)
    for key in ('core.fsmonitor', 'core.editor', 'core.sshCommand', 'core.pager', 'filter.f.clean', 'filter.f.smudge',
                'diff.d.command', 'diff.d.textconv', 'diff.external', 'merge.m.driver', 'alias.status', 'gpg.program',
                'core.alternateRefsCommand', 'sequence.editor'):
        git('config', key, str(spring), at=at)
    for hook in ('pre-commit', 'post-checkout', 'pre-receive', 'update', 'post-index-change'):
        os.makedirs(at + '/.git/hooks', exist_ok=True)
        os.symlink(spring, at + '/.git/hooks/' + hook)
    git('config', 'core.hooksPath', at + '/.git/hooks', at=at)
""")


def test_without_a_workspace_nothing_is_made(gateway: Settings) -> None:
    assert not places_of(gateway.folder, "nobody", "omega").shared.exists()
    assert INSIDE_SHARED == "/home/shared"

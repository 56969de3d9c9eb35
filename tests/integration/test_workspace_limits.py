"""What a hungry workspace can and cannot do: the kernel stops it, the sandbox and its host live on."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator

import pytest

from governance.refusal import Refusal
from governance.settings import Settings, load_settings
from hub import levels
from hub.levels import check_levels, limits_of
from hub.limits import CPU_PERIOD, PREFIX, Groups, Level, find_groups, make_group
from hub.names import places_of
from hub.processes import wait_until
from hub.sandbox import PYTHON, describe_sandbox
from hub.sandbox_process import Streams, end_sandbox, is_held, start_sandbox
from hub.workspace_image import find_image
from hub.workspace_start import prepare_workspace
from tests.support.walled import Walled, walled

pytestmark = pytest.mark.slow

MEBIBYTE = 2**20
MEMORY, TEMPORARY, PROCESSES = 256 * MEBIBYTE, 32 * MEBIBYTE, 64
HOG = "b = []\nwhile True: b.append(bytearray(8 * 2**20))"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    loaded = load_settings(
        state=tmp_path_factory.mktemp("limits") / "state",
        workspace_memory_bytes=MEMORY,
        workspace_tmp_bytes=TEMPORARY,
        workspace_processes=PROCESSES,
    )
    loaded.folder.create()
    return loaded


@pytest.fixture(scope="module")
def shared(small: Settings) -> Iterator[Walled]:
    with walled(small, "one", "alpha") as inside:
        yield inside


@pytest.fixture
def inside(shared: Walled) -> Iterator[Walled]:
    """After each test the sandbox must still answer."""
    yield shared
    assert shared.run("result = 'alive'") == "alive"


def test_a_memory_hog_is_killed_and_its_neighbours_live(inside: Walled) -> None:
    if find_groups(delegate=False).level is Level.PROCESS:
        pytest.skip("no cgroup can be made here, as `sde doctor` says")
    code = f"import subprocess, sys; result = subprocess.run([sys.executable, '-c', {HOG!r}]).returncode"
    assert inside.run(code) == -9


def test_memory_in_nameless_files_counts_too(small: Settings, inside: Walled) -> None:
    """The kernel cannot tell whose such memory is: it may end the whole workspace, never anything outside it."""
    if find_groups(delegate=False).level is Level.PROCESS:
        pytest.skip("no cgroup can be made here, as `sde doctor` says")
    with walled(small, "five", "alpha") as hungry:
        with pytest.raises((AssertionError, BrokenPipeError)):
            hungry.run("import os\nf = os.memfd_create('x')\nwhile True: os.write(f, b'x' * 2**20)")
        assert wait_until(lambda: not hungry.started.sandbox.is_running, 10)


def test_a_fork_bomb_stops_at_the_limit_and_the_host_can_still_fork(inside: Walled) -> None:
    code = """
import os, signal
children = []
try:
    for _ in range(500):
        pid = os.fork()
        if pid == 0:
            signal.pause()
        children.append(pid)
    reached = None
except OSError as error:
    reached = error.errno
for pid in children:
    os.kill(pid, 9)
    os.waitpid(pid, 0)
result = [reached, len(children)]
"""
    reached, count = inside.run(code)
    assert reached == errno.EAGAIN
    assert count < PROCESSES
    subprocess.run(["true"], check=True)


@pytest.mark.parametrize(
    ("folder", "size"), [("/tmp", TEMPORARY), ("/dev/shm", TEMPORARY // 4), ("/run", 16 * MEBIBYTE)]
)
def test_a_full_memory_folder_is_only_its_own(inside: Walled, folder: str, size: int) -> None:
    code = f"""
import os
written = 0
try:
    with open('{folder}/full', 'wb') as f:
        while written < 2**30:
            written += f.write(b'x' * 2**20)
except OSError as error:
    reached = error.errno
os.unlink('{folder}/full')
result = [reached, written]
"""
    reached, written = inside.run(code)
    assert reached == errno.ENOSPC
    assert written <= size + MEBIBYTE


def test_the_root_folder_holds_no_memory_to_fill(inside: Walled) -> None:
    for folder in ("/", "/home", "/opt", "/dev", "/etc"):
        assert inside.attempt(f"open('{folder}/x', 'w')")["errno"] == errno.EROFS


def test_there_are_no_core_dumps_and_files_have_a_limit(inside: Walled) -> None:
    code = "import resource as r; result = [r.getrlimit(r.RLIMIT_CORE), r.getrlimit(r.RLIMIT_FSIZE)]"
    core, size = inside.run(code)
    assert core == [0, 0]
    assert size[0] == size[1] == 8 * 2**30
    raising = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (2**40, 2**40))"
    assert inside.attempt(raising)["error"] == "ValueError"


def test_a_workspace_gives_way_to_the_gateway(inside: Walled) -> None:
    assert inside.run("import os; result = os.nice(0)") > os.nice(0)
    assert inside.attempt("import os; os.setpriority(os.PRIO_PROCESS, 0, 0)")["errno"] == errno.EACCES


def test_nothing_is_left_of_an_ended_workspace(small: Settings) -> None:
    with walled(small, "two", "alpha") as one:
        group, first = one.started.group, one.started.sandbox.first
        one.run("import subprocess; subprocess.Popen(['sleep', '600'], start_new_session=True)")
        assert first.is_alive
    assert not first.is_alive
    assert group is None or not any(folder.exists() for folder in group.folders)


def test_without_a_cgroup_a_single_process_is_bounded(small: Settings) -> None:
    groups = Groups(Level.PROCESS, {})
    places = places_of(small.folder, "three", "alpha")
    prepared = prepare_workspace(places)
    spec = describe_sandbox(
        find_image(), places, command=(PYTHON, "-c", HOG), variables={}, limits=limits_of(small, groups)
    )
    quiet = Streams(stderr=subprocess.PIPE)
    sandbox = start_sandbox(spec, lock=places.lock, uid=prepared.uid, gid=prepared.gid, group=None, streams=quiet)
    try:
        assert sandbox.popen is not None
        assert b"MemoryError" in sandbox.popen.communicate(timeout=30)[1]
    finally:
        end_sandbox(sandbox, grace=0)


def test_a_processor_hog_gets_its_share_and_no_more(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Measured by the kernel's own books: time used by the hogs against the periods in which they wanted to run."""
    if "cpu" not in find_groups(delegate=False).parents:
        pytest.skip("no group for processors can be made here, as `sde doctor` says")
    settings = load_settings(state=tmp_path_factory.mktemp("hog") / "state", workspace_cpus=0.25)
    settings.folder.create()
    hog = "import time\nwhile time.process_time() < 0.4: pass"
    code = f"""
import resource, subprocess, sys
hogs = [subprocess.Popen([sys.executable, '-I', '-S', '-c', {hog!r}]) for _ in range(2)]
codes = [one.wait() for one in hogs]
used = resource.getrusage(resource.RUSAGE_CHILDREN)
result = used.ru_utime + used.ru_stime
"""
    with walled(settings, "six", "alpha") as hungry:
        assert hungry.started.group is not None
        folder = next(one for one in hungry.started.group.folders if (one / "cpu.stat").exists())
        used = hungry.run(code)
        statistics = dict(line.split() for line in (folder / "cpu.stat").read_text().splitlines())
    # A quarter of each period, and what the kernel notices late: a slice and a tick on each hog's processor.
    # On a busy machine the hogs get less: then there are more periods, and nothing needs to be held back.
    share = CPU_PERIOD * 1e-6 * 0.25 + 2 * 0.009
    assert 0.8 <= used <= (int(statistics["nr_periods"]) + 2) * share
    # 25 ms a period of 100 ms; a processor may overdraw by one slice (5 ms) a period before the kernel stops it
    assert used <= (int(statistics["nr_periods"]) + 2) * 0.035


def test_memory_folders_count_as_the_workspaces_memory(small: Settings) -> None:
    groups = find_groups(delegate=False)
    if groups.level is Level.PROCESS:
        pytest.skip("no cgroup can be made here, as `sde doctor` says")
    with walled(small, "seven", "alpha") as full:
        assert full.started.group is not None
        folder = full.started.group.folders[0]
        file = folder / ("memory.current" if groups.level is Level.CGROUP_2 else "memory.usage_in_bytes")
        before = int(file.read_text())
        full.run("open('/tmp/x', 'wb').write(bytes(24 * 2**20)); open('/dev/shm/x', 'wb').write(bytes(6 * 2**20))")
        assert int(file.read_text()) - before > 28 * MEBIBYTE


def test_a_file_cannot_grow_past_its_limit(inside: Walled) -> None:
    code = """
import os, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
f = os.open('/home/researcher/large', os.O_RDWR | os.O_CREAT)
try:
    os.pwrite(f, b'x', 8 * 2**30)
finally:
    os.unlink('/home/researcher/large')
"""
    assert inside.attempt(code)["errno"] == errno.EFBIG


@pytest.mark.skipif(os.geteuid() != 0, reason="groups can be taken away by root only")
@pytest.mark.parametrize("controller", ["memory", "pids", "cpu"])
def test_a_group_taken_away_starts_nothing(small: Settings, monkeypatch: pytest.MonkeyPatch, controller: str) -> None:
    """Removed between its making and the admission of the sandbox: no workspace, and nothing left running."""
    groups = find_groups(delegate=True)
    if controller not in groups.parents or groups.level is not Level.CGROUP_1:
        pytest.skip("no such group can be made here")
    places = places_of(small.folder, "eight", "alpha")
    prepared = prepare_workspace(places)
    limits = limits_of(small, groups)
    group = make_group(groups, places.group, limits)
    assert group is not None
    (groups.parents[controller] / f"{PREFIX}{places.group}").rmdir()
    spec = describe_sandbox(find_image(), places, command=(PYTHON, "-c", "pass"), variables={}, limits=limits)
    try:
        with pytest.raises(Refusal) as caught:
            start_sandbox(spec, lock=places.lock, uid=prepared.uid, gid=prepared.gid, group=group, streams=Streams())
        assert caught.value.code == "sandbox-failed"
        assert wait_until(lambda: not is_held(places.lock), 10)
    finally:
        group.remove()
    assert not any(folder.exists() for folder in group.folders)


def test_limits_too_weak_start_nothing(small: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels, "_seen_in_groups", set())
    monkeypatch.setattr("hub.workspace_start.find_groups", lambda delegate: Groups(Level.PROCESS, {}))
    strict = small.model_copy(update={"workspace_limits": "group"})
    with pytest.raises(Refusal) as caught, walled(strict, "nine", "alpha"):
        pass
    assert caught.value.code == "limits-too-weak"
    assert not is_held(places_of(small.folder, "nine", "alpha").lock)


def test_this_machines_groups_are_said_as_they_are(small: Settings) -> None:
    groups = find_groups(delegate=False)
    strict = small.model_copy(update={"workspace_limits": "group"})
    if set(groups.parents) == {"memory", "pids", "cpu"}:
        check_levels(strict, groups)
    else:
        with pytest.raises(Refusal):
            check_levels(strict, groups)

"""A workspace that fills its home or its project's folder: its files stop growing, it can tidy up, it is ended if it
goes on. From inside real workspaces; the watch is asked to look, so nothing here waits for a clock."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from governance.settings import Settings, load_settings
from hub.disk import SMALL_FILE, DiskWatch, Level, Reading
from hub.disk.measure import measure
from hub.notices import read_notices
from hub.workspace_start import processes_of, watched
from tests.support.walled import Walled, walled

pytestmark = pytest.mark.slow

MEBIBYTE = 2**20
QUOTA = 16 * MEBIBYTE
AS_ROOT = os.geteuid() == 0
#: Containers often take CAP_SYS_RESOURCE (24) even from root.
CAN_RAISE = AS_ROOT and int(re.findall(r"CapEff:\s(\w+)", Path("/proc/self/status").read_text())[0], 16) >> 24 & 1
WRITE = """
import os
def write(path, mebibytes):
    for number in range(mebibytes):  # in files of 8 MiB: one alone can never be larger than the quota
        with open(f'{path}{number // 8}', 'ab', buffering=0) as f:
            f.write(os.urandom(2**20))
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    loaded = load_settings(
        state=tmp_path_factory.mktemp("disk") / "state", workspace_home_bytes=QUOTA, workspace_shared_bytes=QUOTA
    )
    loaded.folder.create()
    return loaded


class Looked:
    """A workspace and the watch over it."""

    def __init__(self, settings: Settings, inside: Walled, watch: DiskWatch) -> None:
        self.settings, self.inside, self._watch = settings, inside, watch
        self.run, self.attempt = inside.run, inside.attempt

    def look(self) -> Reading:
        inside = self.inside
        return self._watch.look(watched(self.settings, inside.places, inside.prepared.uid, inside.started))

    def notices(self) -> list[str]:
        return [notice.text for notice in read_notices(self.inside.places)]


@contextmanager
def looked_at(settings: Settings, subject: str, project: str, watch: DiskWatch | None = None) -> Iterator[Looked]:
    with walled(settings, subject, project) as inside:
        looked = Looked(settings, inside, watch or DiskWatch(settings))
        looked.look()
        yield looked


def test_full_homes_are_warned_of_braked_and_let_go_again(gateway: Settings) -> None:
    with looked_at(gateway, "ann", "alpha") as ann:
        assert (ann.look().level, ann.notices()) == (Level.FINE, [])
        ann.run(f"{WRITE}write('/home/researcher/x', 15)")
        assert ann.look().level is Level.NEAR
        assert "nearly full" in ann.notices()[0]
        ann.run(f"{WRITE}write('/home/researcher/z', 2)")
        reading = ann.look()
        assert (reading.level, reading.folder, reading.braked, reading.must_end) == (Level.OVER, "home", True, False)
        assert "is full" in ann.notices()[0]
        assert len(ann.notices()) == 1
        assert ann.attempt(f"{WRITE}write('/home/researcher/x', 1)")["errno"] == errno.EFBIG
        ann.run("open('/home/researcher/notebook.ipynb', 'w').write('x' * 2**20)")  # saving goes on
        ann.run("import os; os.unlink('/home/researcher/x0')")
        assert ann.look().level is Level.FINE
        assert ann.notices() == []
        if CAN_RAISE:  # else nobody can raise a limit again; the notice has said what to do
            ann.run(f"{WRITE}write('/home/researcher/y', 3)")


def test_the_brake_holds_every_process_also_those_born_meanwhile(gateway: Settings) -> None:
    with looked_at(gateway, "ben", "alpha") as ben:
        ben.run(f"""{WRITE}
import subprocess, sys
birth = 'import os\\nfor _ in range(30000):\\n p = os.fork()\\n if p == 0: os._exit(0)\\n os.waitpid(p, 0)'
import builtins
builtins.births = [subprocess.Popen([sys.executable, '-I', '-S', '-c', birth]) for _ in range(2)]
write('/home/researcher/x', 17)
""")
        assert ben.look().braked
        code = "import resource; result = resource.getrlimit(resource.RLIMIT_FSIZE)"
        assert ben.run(code) == [SMALL_FILE, SMALL_FILE]
        child = "import subprocess; result = subprocess.check_output(['bash', '-c', 'ulimit -f']).decode()"
        assert int(ben.run(child)) * 1024 == SMALL_FILE
        assert ben.attempt(f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({QUOTA}, {QUOTA}))")["error"]


def test_who_goes_on_filling_must_end_and_can_come_back_to_tidy_up(gateway: Settings) -> None:
    with looked_at(gateway, "cat", "alpha") as cat:
        cat.run(f"{WRITE}write('/home/researcher/x', 17)")
        assert not cat.look().must_end
        cat.run(f"{WRITE}[write(f'/home/researcher/small{{n}}', 1) for n in range(3)]")  # around the brake
        reading = cat.look()
        assert (reading.level, reading.must_end) == (Level.FAR, True)
    with looked_at(gateway, "cat", "alpha") as cat:
        reading = cat.look()
        assert (reading.level, reading.must_end) == (Level.FAR, False)
        assert cat.attempt(f"{WRITE}write('/home/researcher/y', 3)")["errno"] == errno.EFBIG  # from its first moment
        cat.run("import os; os.unlink('/home/researcher/x0')")
        assert cat.look().level is Level.FINE


@pytest.mark.parametrize("hiding", ["open", "mapped"])
def test_files_without_a_name_count(gateway: Settings, hiding: str) -> None:
    if hiding == "mapped" and not AS_ROOT:
        pytest.skip("the kernel shows maps to root only")
    mapping = "import mmap; builtins.held.append(mmap.mmap(f.fileno(), 0)); f.close()"
    keep = "builtins.held.append(f)" if hiding == "open" else mapping
    with looked_at(gateway, f"dan-{hiding}", "alpha") as dan:
        dan.run(f"""{WRITE}
import builtins
write('/home/researcher/x', 20)
builtins.held = []
for n in range(3):
    f = open(f'/home/researcher/x{{n}}', 'r+b'); os.unlink(f.name)
    {keep}
""")
        assert dan.look().level is Level.FAR


def test_nothing_hides_behind_more_files_than_can_be_counted(
    gateway: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with looked_at(gateway, "joe", "alpha") as joe:
        joe.run(
            "import os; os.mkdir('/home/researcher/m')\n"
            "for number in range(99): open(f'/home/researcher/m/{number}', 'w').close()"
        )
        monkeypatch.setattr("hub.disk.watch.measure", lambda folder: measure(folder, most_files=50))
        assert joe.look().must_end
        assert joe.look().must_end  # also for who comes back: there is time to tidy up until the next look


def test_what_a_workspace_prints_counts(gateway: Settings) -> None:
    with looked_at(gateway, "ivy", "alpha") as ivy:
        log = ivy.inside.places.log
        log.write_bytes(os.urandom(QUOTA + MEBIBYTE))
        assert ivy.look().level is Level.OVER
        log.unlink()
        assert ivy.look().level is Level.FINE


def test_what_is_nested_too_deep_to_be_measured_may_not_grow(gateway: Settings) -> None:
    with looked_at(gateway, "eve", "alpha") as eve:
        eve.run(
            "import os\nos.chdir('/home/researcher')\nfor _ in range(80): os.mkdir('d'); os.chdir('d')\nos.chdir('/')"
        )
        reading = eve.look()
        assert (reading.level, reading.braked) == (Level.OVER, True)


def test_a_member_is_not_sent_away_for_what_another_fills(gateway: Settings) -> None:
    watch = DiskWatch(gateway)
    with looked_at(gateway, "fay", "beta", watch) as fay, looked_at(gateway, "gus", "beta", watch) as gus:
        fay.run(f"{WRITE}write('/home/shared/x', 20)")
        filling, other = fay.look(), gus.look()
        assert (other.level, other.folder, other.braked) == (Level.FAR, "shared", True)
        assert filling.must_end
        assert other.must_end is not AS_ROOT  # where all have one owner, nobody can tell them apart
        assert "shared folder" in gus.notices()[0]
        gus.run("import os; [os.unlink(f'/home/shared/x{n}') for n in range(3)]")
        assert gus.look().level is Level.FINE


def test_without_a_group_its_processes_are_found_all_the_same(gateway: Settings) -> None:
    with walled(gateway, "hal", "alpha") as hal:
        hal.run("import subprocess; subprocess.Popen(['sleep', '60'], start_new_session=True)")
        alone = type(hal.started)(hal.started.sandbox, None)
        assert len(processes_of(alone)) >= 3
        if hal.started.group is not None and hal.started.group.folders:
            assert set(processes_of(alone)) <= set(processes_of(hal.started))

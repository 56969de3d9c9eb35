"""Measures the running workspaces' folders again and again, says when they are full, and puts the brake on.

It keeps in memory only what it saw when a workspace was first looked at. Whether a brake is on is asked of the
processes themselves, so a restart of the hub forgets nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from shutil import disk_usage

from governance.settings import Settings
from hub.disk.brake import SMALL_FILE, is_limited, limit_files
from hub.disk.held_open import descriptors_in_flight, nameless_bytes
from hub.disk.measure import BLOCK_BYTES, Use, measure
from hub.disk.rule import MOST_FILES, Level, has_grown, judge
from hub.names import WorkspacePlaces
from hub.notices import Notice, clear_notice, write_notice

NOTICE = "disk"
PAUSE_TIMES = 20  # what took long to measure is measured the less often
NAMES = {"home": "Your home folder", "shared": "The shared folder of your project"}
NEARLY_FULL = "{name} is nearly full ({percent} % of its space). Please remove what you no longer need."
FULL = (
    "{name} is full ({percent} % of its space), so files can no longer grow here; small ones can still be saved. "
    "Please remove what you no longer need. If files cannot grow even then, stop the workspace and open it again."
)


@dataclass(frozen=True)
class Watched:
    """A running workspace: places, user number, its processes now, and the largest file it may usually write."""

    places: WorkspacePlaces
    uid: int
    pids: Callable[[], Collection[int]]
    file_size: int


@dataclass(frozen=True)
class Reading:
    """The fuller of a workspace's two folders.

    Attributes:
        folder: "home" or "shared".
        level: how full.
        percent: of the quota, by bytes.
        must_end: whether it goes on filling a folder that is far over its quota.
        braked: whether its files are kept from growing; False where that did not succeed.
    """

    folder: str
    level: Level
    percent: int
    must_end: bool = False
    braked: bool = False


def _log_bytes(places: WorkspacePlaces) -> int:
    """What the workspace has printed counts too; the next start begins a new log."""
    return places.log.stat().st_blocks * BLOCK_BYTES if places.log.exists() else 0


@dataclass
class _First:
    """What a workspace had when it was first looked at."""

    home: int
    own_shared: int
    files: int
    disk: int  # used on the whole file system


class DiskWatch:
    """Looks at workspaces, one at a time or several in threads. One for each process that watches."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._clock = settings, clock
        self._first: dict[str, _First] = {}
        self._due: dict[str, float] = {}
        self._sending: set[str] = set()

    def is_due(self, places: WorkspacePlaces) -> bool:
        """Whether it is time to look at it again."""
        return self._clock() >= self._due.get(places.name, 0.0)

    def keep_only(self, names: Collection[str]) -> None:
        """Forget workspaces that have ended (names of `WorkspacePlaces`)."""
        self._first = {name: first for name, first in self._first.items() if name in names}
        self._due = {name: due for name, due in self._due.items() if name in names}
        self._sending &= set(names)

    def look(self, one: Watched) -> Reading:
        """Measure, tell the person, put the brake on or let it go. Blocking."""
        began = self._clock()
        home, shared = measure(one.places.home), measure(one.places.shared)
        nameless = nameless_bytes(one.pids(), one.places.home.stat().st_dev) + _log_bytes(one.places)
        ends = self._clock()
        self._due[one.places.name] = ends + PAUSE_TIMES * (ends - began)
        reading = max(
            self._reading("home", home, self._settings.workspace_home_bytes, nameless),
            self._reading("shared", shared, self._settings.workspace_shared_bytes, 0),
            key=lambda held: (held.level, held.percent),
        )
        must_end = self._goes_on(one, home, shared, nameless) or self._hides(one, home)
        braked = self._brake(one, reading.level)
        self._tell(one.places, reading)
        return Reading(reading.folder, reading.level, reading.percent, must_end, braked)

    def _reading(self, folder: str, use: Use, quota: int, nameless: int) -> Reading:
        return Reading(folder, judge(use, quota, nameless), 100 * (use.bytes + nameless) // quota)

    def _goes_on(self, one: Watched, home: Use, shared: Use, nameless: int) -> bool:
        """Far over, and this very workspace has added to it: a member is not sent away for what another has filled."""
        settings, own = self._settings, shared.by_owner.get(one.uid, 0)
        used = disk_usage(one.places.home).used
        first = self._first.setdefault(one.places.name, _First(home.bytes + nameless, own, home.files, used))
        far_home = judge(home, settings.workspace_home_bytes, nameless) is Level.FAR
        far_shared = judge(shared, settings.workspace_shared_bytes) is Level.FAR
        return (
            (far_home and has_grown(first.home, home.bytes + nameless, settings.workspace_home_bytes))
            or (far_home and has_grown(first.files, home.files, MOST_FILES))
            or (far_shared and has_grown(first.own_shared, own, settings.workspace_shared_bytes))
            or home.too_many  # so many that the rest cannot be seen: whoever is there could hide anything behind them
            or shared.too_many
        )

    def _hides(self, one: Watched, home: Use) -> bool:
        """Whether the disk has filled up while this workspace keeps files where they cannot be counted: nested too
        deep, or on their way between its processes at two looks. Somebody else may have filled it: who hides nothing is
        not asked."""
        was_sending = one.places.name in self._sending
        if sending := descriptors_in_flight(one.pids()):
            self._sending.add(one.places.name)
        else:
            self._sending.discard(one.places.name)
        used, first = disk_usage(one.places.home).used, self._first[one.places.name].disk
        return (home.hidden or (sending and was_sending)) and has_grown(
            first, used, self._settings.workspace_home_bytes
        )

    def _brake(self, one: Watched, level: Level) -> bool:
        owner = (one.uid, one.places.shared.stat().st_gid)
        if level >= Level.OVER:
            return limit_files(one.pids, SMALL_FILE, owner)
        if level is Level.FINE and is_limited(one.pids(), one.file_size):
            return not limit_files(one.pids, one.file_size, owner)
        return is_limited(one.pids(), one.file_size)

    def _tell(self, places: WorkspacePlaces, reading: Reading) -> None:
        if reading.level is Level.FINE:
            clear_notice(places, NOTICE)
            return
        words = FULL if reading.level >= Level.OVER else NEARLY_FULL
        text = words.format(name=NAMES[reading.folder], percent=reading.percent)
        write_notice(places, Notice(NOTICE, "disk", "warning", text))

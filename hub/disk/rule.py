"""When a folder is nearly full, over its quota, or far over it: numbers, pure functions, and a look before a start."""

from __future__ import annotations

from enum import IntEnum

from governance.settings import Settings
from hub.disk.brake import SMALL_FILE
from hub.disk.measure import Use, measure
from hub.names import WorkspacePlaces
from hub.sandbox import Limits

MOST_FILES = 200_000
NEAR_PERCENT, FAR_PERCENT = 90, 110
#: What somebody may add who comes back to a folder that is far over, without being sent away: room to tidy up.
SLACK_PERCENT = 5
START_SECONDS = 2.0  # a start does not wait longer for the measurement; the watch measures again


class Level(IntEnum):
    """How full, the fullest last."""

    FINE = 0
    NEAR = 1
    OVER = 2
    FAR = 3


def judge(use: Use, quota: int, nameless: int = 0) -> Level:
    """The level of a folder.

    Args:
        use: as measured.
        quota: bytes.
        nameless: bytes of files that have no name any more.
    """
    percent = 100 * (use.bytes + nameless) / quota
    if percent > FAR_PERCENT or use.files > MOST_FILES:
        return Level.FAR
    if percent > 100 or use.hidden:  # what we cannot look into, we do not let grow
        return Level.OVER
    return Level.NEAR if percent > NEAR_PERCENT else Level.FINE


def has_grown(first: int, now: int, whole: int) -> bool:
    """Whether what was `first` has grown by more than the slack of `whole`."""
    return now > first + whole * SLACK_PERCENT // 100


def is_over(settings: Settings, places: WorkspacePlaces) -> bool:
    """Whether the home or the project's folder is over its quota. Blocking, a few seconds at the most."""
    folders = ((places.home, settings.workspace_home_bytes), (places.shared, settings.workspace_shared_bytes))
    return any(judge(measure(folder, seconds=START_SECONDS), quota) >= Level.OVER for folder, quota in folders)


def quota_file_size(settings: Settings, limits: Limits) -> int:
    """The largest file that a workspace may write while it is within its quota."""
    largest = max(settings.workspace_home_bytes, settings.workspace_shared_bytes, SMALL_FILE)
    return min(limits.file_size, largest)

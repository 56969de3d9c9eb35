"""Disk space of homes and shared folders: measured while workspaces run, since few machines have quotas in the kernel.

Promise: a workspace over its quota soon cannot let files grow, and one that fills the disk all the same is ended; its
owner can always come back and tidy up.
"""

from hub.disk.brake import SMALL_FILE
from hub.disk.rule import Level, is_over, quota_file_size
from hub.disk.watch import DiskWatch, Reading, Watched

__all__ = ["SMALL_FILE", "DiskWatch", "Level", "Reading", "Watched", "is_over", "quota_file_size"]

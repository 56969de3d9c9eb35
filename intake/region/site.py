"""Where a version of the region is built: one builder at a time, beside the versions, and nothing left of a failure."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from governance.refusal import Refusal

MANIFEST = "manifest.json"
BUILDING = ".building-"


@contextmanager
def only_builder(region: Path) -> Iterator[None]:
    """Hold the region for one build. Raises Refusal `region-busy` if somebody else does."""
    region.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (region / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refusal("region-busy", "The region is being built already.", "Wait until that has ended.") from None
        yield


@contextmanager
def building_site(region: Path) -> Iterator[Path]:
    """A folder beside the versions, so that putting one in place is one rename; gone afterwards whatever happens. Only
    one builds at a time, so what a killed run left is swept first."""
    for left in region.glob(f"{BUILDING}*"):
        shutil.rmtree(left, ignore_errors=True)
    site = Path(tempfile.mkdtemp(prefix=BUILDING, dir=region))
    try:
        yield site
    finally:
        shutil.rmtree(site, ignore_errors=True)

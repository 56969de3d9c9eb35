"""The airlock as one value: the register, the settings, the file store and the checks that every action needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from egress.checks import CheckReport, run_checks_on_all, run_checks_on_incoming
from egress.directions import IN, OUT, Direction
from egress.files import FileStore
from egress.inspection.sanitising import sanitise
from egress.provenance import ReadTables, read_filed_tables
from egress.releasing.parcels import Sanitise
from governance.disclosure import DisclosureProfile
from governance.settings import Settings
from governance.store import Store


class CheckFiles(Protocol):
    """(path, name) of each file, the profile, most bytes of a file -> one report a file, in the same order."""

    def __call__(
        self, files: Sequence[tuple[Path, str]], profile: DisclosureProfile, *, limit: int
    ) -> Iterable[CheckReport]:
        """The reports, maybe one by one."""


@dataclass(frozen=True)
class Airlock:
    """What the actions stand on. Holds no state of its own. The four functions start locked child processes; the walks
    of the state machine in tests/generative pass some that do not."""

    store: Store
    settings: Settings
    check_files: CheckFiles = run_checks_on_all
    sanitise_file: Sanitise = sanitise
    read_tables: ReadTables = read_filed_tables
    check_incoming: CheckFiles = run_checks_on_incoming

    @cached_property
    def files(self) -> FileStore:
        """Submitted files by content."""
        return FileStore(self.settings.folder.airlock / "files", self.settings.egress_file_bytes)

    def check(
        self, files: Sequence[tuple[Path, str]], profile: DisclosureProfile, direction: Direction = OUT
    ) -> Iterable[CheckReport]:
        """Every automatic check of that direction on every file, under the size limit in force."""
        run = self.check_incoming if direction is IN else self.check_files
        return run(files, profile, limit=self.settings.egress_file_bytes)

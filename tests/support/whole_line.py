"""A synthetic region, taken in by the commands a steward types, up to one extract for each purpose."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb

from governance.demo_register import REGION_PROJECTS, load_demo_register
from governance.registry import current_extract, initialise
from governance.settings import Settings, load_settings
from governance.store import open_store
from tests.support.scratch import surroundings

SDE = str(Path(sys.executable).parent / "sde")
PEOPLE, SEED = 3000, 7
STATE, SYNTHETIC = "state", "synthetic"


@dataclass(frozen=True)
class Line:
    """One gateway's state with a region in it, and what the region was made from."""

    folder: Path

    @property
    def settings(self) -> Settings:
        return load_settings(state=self.folder / STATE)

    @property
    def synthetic(self) -> Path:
        return self.folder / SYNTHETIC

    def run(self, *arguments: str, asked: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """One `sde` command on this state; `asked` is typed when it asks."""
        environment = {**surroundings(), "SDE_STATE": str(self.folder / STATE), "NO_COLOR": "1", "COLUMNS": "200"}
        done = subprocess.run(
            (SDE, *arguments), env=environment, input=asked, capture_output=True, text=True, timeout=240, check=False
        )
        if check and done.returncode:
            raise RuntimeError(f"sde {' '.join(arguments)} failed: {done.stdout[-500:]} {done.stderr[-1500:]}")
        return done

    def ask_check_service(self) -> None:
        """Ask about everybody in the region, and take in the answer."""
        request, answer = self.folder / f"request-{os.urandom(3).hex()}.dat", self.folder / f"{os.urandom(3).hex()}.dat"
        self.run("optout", "check-export", "--out", str(request))
        self.run("synth", "answer", str(request), str(self.synthetic), str(answer))
        self.run("optout", "check-import", str(answer))

    def extract(self, project: str) -> Path:
        """The file of the project's extract in force."""
        with open_store(self.settings).reading() as session:
            held = current_extract(session, project)
        assert held is not None
        return self.settings.folder.extracts / held.folder / "extract.duckdb"

    def open_extract(self, project: str) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(str(self.extract(project)), read_only=True)

    def truth(self, name: str) -> str:
        """One of the region's truth tables, as an SQL relation."""
        return f"read_parquet('{self.synthetic / 'truth' / f'{name}.parquet'}')"


def make_line(folder: Path) -> None:
    """Make everything below `folder`: feeds, deliveries, opt-outs, region, three extracts."""
    folder.mkdir()
    line = Line(folder)
    store = initialise(line.settings)
    load_demo_register(store)
    store.close()
    line.run("synth", "--people", str(PEOPLE), "--seed", str(SEED), "--out", str(line.synthetic))
    line.run("delivery", "collect", str(line.synthetic))
    line.run("optout", "load", str(line.synthetic / "optouts" / "optouts.csv"))
    line.run("vocabulary", "load", str(line.synthetic / "vocabulary"))
    line.run("region", "build")
    line.ask_check_service()
    for project in REGION_PROJECTS:
        line.run("extract", "build", project)

"""Where the intake's files lie below the state folder, and how its engine is opened on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from governance.settings import Settings

STAGED, QUARANTINE, RECEIVED = "staged", "quarantine", "received"


@dataclass(frozen=True)
class DeliveryPlaces:
    """Of one delivery: files as they came, rows that passed, rows that did not. `<table>.parquet` in the latter two."""

    root: Path

    @property
    def received(self) -> Path:
        """The files as delivered, read-only."""
        return self.root / RECEIVED

    @property
    def staged(self) -> Path:
        """Rows that passed, typed, with `record_id` and `person_ref`."""
        return self.root / STAGED

    @property
    def quarantine(self) -> Path:
        """Row numbers and reasons of rows that did not pass."""
        return self.root / QUARANTINE


@dataclass(frozen=True)
class IntakePlaces:
    """All places of one gateway."""

    identifiable: Path
    region: Path
    reports: Path

    @classmethod
    def of(cls, settings: Settings) -> IntakePlaces:
        """Those of the settings in force."""
        folder = settings.folder
        return cls(folder.identifiable, folder.region, folder.reports)

    def delivery(self, name: str) -> DeliveryPlaces:
        """Those of one delivery by id."""
        return DeliveryPlaces(self.identifiable / "deliveries" / name)

    @property
    def spine(self) -> Path:
        """The person spine: who is who (DuckDB)."""
        return self.identifiable / "spine.duckdb"

    @property
    def opt_outs(self) -> Path:
        """Opt-outs and the check service's answers (DuckDB)."""
        return self.identifiable / "optouts.duckdb"

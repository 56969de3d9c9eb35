"""How the tables of events are named in the model: which column says what, when, and of which kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from intake.omop.cdm import CdmTable, cdm_tables


@dataclass(frozen=True)
class Target:
    """Names of one event table's columns; empty where the model has none."""

    table: str
    prefix: str
    start: str
    end: str = ""

    @property
    def model(self) -> CdmTable:
        """The table of the model."""
        return cdm_tables()[self.table]

    @property
    def key(self) -> str:
        """The row's own identifier."""
        return f"{self.table}_id"

    @property
    def concept(self) -> str:
        """What happened, as a standard concept."""
        return f"{self.prefix}_concept_id"

    @property
    def source_concept(self) -> str:
        """What happened, as a concept of the feed's own vocabulary."""
        return f"{self.prefix}_source_concept_id"

    @property
    def source_value(self) -> str:
        """What happened, as the feed wrote it."""
        return f"{self.prefix}_source_value"

    @property
    def type(self) -> str:
        """Where the record comes from."""
        return f"{self.prefix}_type_concept_id"

    @property
    def start_time(self) -> str:
        """When to the second."""
        return f"{self.start}time"

    @property
    def end_time(self) -> str:
        """End to the second."""
        return f"{self.end}time" if self.end else ""


TARGETS: Mapping[str, Target] = {
    target.table: target
    for target in (
        Target("visit_occurrence", "visit", "visit_start_date", "visit_end_date"),
        Target("condition_occurrence", "condition", "condition_start_date", "condition_end_date"),
        Target("drug_exposure", "drug", "drug_exposure_start_date", "drug_exposure_end_date"),
        Target("procedure_occurrence", "procedure", "procedure_date", "procedure_end_date"),
        Target("device_exposure", "device", "device_exposure_start_date", "device_exposure_end_date"),
        Target("measurement", "measurement", "measurement_date"),
        Target("observation", "observation", "observation_date"),
        Target("specimen", "specimen", "specimen_date"),
    )
}

"""The story of harmonising: what was accepted and linked becomes the region's OMOP tables, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from governance.refusal import Refusal
from governance.settings import Settings
from intake.harmonise.report import HarmoniseReport

Progress = Callable[[str, int, int], None]  # what is being done, steps done, steps in all


class StagedDelivery(Protocol):
    """What harmonising needs to know of an accepted delivery (`governance.registry.deliveries` gives more)."""

    @property
    def id(self) -> str:
        """Its id, which names its folder."""

    @property
    def feed(self) -> str:
        """The feed it is of."""


def harmonise(
    settings: Settings, deliveries: Sequence[StagedDelivery], folder: Path, *, progress: Progress = lambda *_: None
) -> HarmoniseReport:
    """Write `folder/<omop table>/*.parquet` from the accepted deliveries and the spine.

    Every table has the model's columns; those about people also `source_feed` and `match_rank`, and are sorted by
    `person_id`. Rows of nobody in the spine stay out and are counted. `person`, `death` and `observation_period` have
    one row a person and feed. `folder` must not exist; on any failure it does not afterwards.

    Raises Refusal `ledger-mismatch`, `disk-full`, `not-linked`.
    """
    del settings, deliveries, folder, progress
    raise Refusal("not-yet", "Harmonising is being built.")

"""Harmonising: staged rows of every feed become rows of the OMOP Common Data Model, by mappings that are data."""

from intake.harmonise.report import HarmoniseReport, LedgerLine, ProducedLine, UnmappedCodes
from intake.harmonise.story import StagedDelivery, harmonise

__all__ = ["HarmoniseReport", "LedgerLine", "ProducedLine", "StagedDelivery", "UnmappedCodes", "harmonise"]

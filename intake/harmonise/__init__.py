"""Harmonising: staged rows of every feed become rows of the OMOP Common Data Model, by mappings that are data."""

from intake.harmonise.report import HarmoniseReport, LedgerLine, ProducedLine, UnmappedCodes
from intake.harmonise.story import harmonise, harmonise_foreign

__all__ = ["HarmoniseReport", "LedgerLine", "ProducedLine", "UnmappedCodes", "harmonise", "harmonise_foreign"]

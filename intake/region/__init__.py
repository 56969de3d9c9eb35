"""The region: the linked, harmonised records of everybody, in versions; the newest is what extracts are cut from."""

from intake.region.story import RegionReport, build_region

__all__ = ["RegionReport", "build_region"]

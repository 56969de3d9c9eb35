"""The region: the linked, harmonised records of everybody, in versions; the newest is what extracts are cut from."""

from intake.region.foreign import ForeignReport, build_foreign
from intake.region.story import RegionReport, build_region

__all__ = ["ForeignReport", "RegionReport", "build_foreign", "build_region"]

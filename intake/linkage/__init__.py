"""Who is who: every feed's people linked to one spine of the region's people, by rules and, for the rest, by Splink.

Promise: a link names one person or nobody; two people are never mixed to gain a link.
"""

from intake.linkage.pipeline import link_people
from intake.linkage.report import LinkReport

__all__ = ["LinkReport", "link_people"]

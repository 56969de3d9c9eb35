"""Where the numbers of a submitted file come from, and whether they come too near to what left before.

`judge` looks before checkers do, `matches_of` shows them what was found, `keep_released` remembers what left.
"""

from egress.provenance.filed import read_filed_tables
from egress.provenance.judging import ReadTables, Told, judge
from egress.provenance.keeping import keep_released
from egress.provenance.showing import AnswerShown, CellMatch, TableMatch, matches_of

__all__ = [
    "AnswerShown",
    "CellMatch",
    "ReadTables",
    "TableMatch",
    "Told",
    "judge",
    "keep_released",
    "matches_of",
    "read_filed_tables",
]

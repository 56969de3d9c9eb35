"""Complementary suppression of answers with margins, audited by linear programs. Importing it takes half a second."""

from query_guard.margins.hiding import hide_more
from query_guard.margins.protection import protection_of_counts, protection_of_sums
from query_guard.margins.table import MarginTable
from query_guard.margins.together import hide_together

__all__ = ["MarginTable", "hide_more", "hide_together", "protection_of_counts", "protection_of_sums"]

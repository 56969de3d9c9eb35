"""What is left of an answer with margins that cannot be audited: its finest level, and only as far as that is safe.

Promise: with every margin hidden there is no equation left between published cells, so that no program is needed to
see what a reader can derive.
"""

from __future__ import annotations

import numpy as np

from query_guard.margins.table import MarginTable, Mask, Numbers


def keep_finest(table: MarginTable, protection: Numbers) -> Mask:
    """All cells to hide, those hidden already included.

    A hidden cell of the finest level may then be anything. A hidden margin is known as well as its finest parts are
    together, which is too well if all of them are shown and few: then the smallest is hidden too, and both may be
    anything. Without a level that refines all others the levels still tell of one another: everything is hidden.
    """
    finest = int(np.bitwise_and.reduce(table.levels))
    hidden: Mask = table.hidden | (table.levels != finest)
    low, high = table.known_bounds()
    for margin in np.flatnonzero((table.levels != finest) & (protection > 0)):
        kept = table.keys[margin] != -1
        parts = (table.levels == finest) & (table.keys[:, kept] == table.keys[margin, kept]).all(axis=1)
        if not hidden[parts].any() and (high - low)[parts].sum() < protection[margin]:
            places = np.flatnonzero(parts)
            hidden[places[np.lexsort((places, table.true[places]))[:1]]] = True
    return hidden

"""Draws the pages of a PDF as pictures, inside the locked child: no script of it runs, nothing of it is fetched."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

MOST_PAGES = 30
SCALE = 1.5  # of 72 dots an inch: small print can be read
LONGEST_SIDE = 2_000  # pixels; a page may claim to be a mile long


def draw_pages(content: bytes) -> Iterator[bytes]:
    """Each page as a PNG, at most MOST_PAGES. Raises what pdfium raises on a file that it cannot read."""
    import pypdfium2  # type: ignore[import-untyped]  # it ships no types; only this type of file needs it

    document: Any = pypdfium2.PdfDocument(content)
    for number in range(min(len(document), MOST_PAGES)):
        page = document[number]
        longest = max(page.get_size())
        bitmap = page.render(scale=min(SCALE, LONGEST_SIDE / max(longest, 1.0)), may_draw_forms=False)
        out = io.BytesIO()
        bitmap.to_pil().save(out, format="PNG")
        page.close()
        yield out.getvalue()

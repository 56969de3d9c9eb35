"""Takes off a file what nobody sees in it. Runs in the locked child only; sanitising.py is the door.

Types that can hide nothing beside their text (csv, tsv, txt, md, json) stay as they are: every byte of them was read.
"""

from __future__ import annotations

from collections.abc import Callable

from egress.inspection import media_types as types
from egress.inspection.bare_html import bare_html
from egress.inspection.bare_notebooks import bare_notebook
from egress.inspection.bare_office import bare_office
from egress.inspection.bare_pictures import bare_jpeg, bare_png
from egress.inspection.bare_svg import bare_svg
from egress.inspection.stripped import Stripped


def _bare_pdf(content: bytes) -> Stripped:
    from egress.inspection.bare_pdf import bare_pdf  # its library is loaded in the child that was started for it

    return bare_pdf(content)


STRIPPERS: dict[str, Callable[[bytes], Stripped]] = {
    types.PNG: bare_png,
    types.JPEG: bare_jpeg,
    types.SVG: bare_svg,
    types.HTML: bare_html,
    types.NOTEBOOK: bare_notebook,
    types.PDF: _bare_pdf,
    types.XLSX: bare_office,
    types.DOCX: bare_office,
}


def strip(content: bytes, media_type: str) -> Stripped:
    """The file without its metadata. Raises CannotStripError, and whatever a hostile file provokes."""
    stripper = STRIPPERS.get(media_type)
    return stripper(content) if stripper else Stripped(content)

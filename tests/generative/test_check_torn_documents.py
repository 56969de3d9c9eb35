"""Whatever is torn in a workbook, a text or a page: reading never raises, and what can be stripped stays stripped."""

from __future__ import annotations

import io
import logging
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress.checks import judge
from egress.inspection.reading import read_document
from egress.inspection.stripped import CannotStripError
from egress.inspection.stripping import strip
from governance.disclosure import PROFILES
from tests.support.office_files import package

pytestmark = pytest.mark.slow
CORPUS = Path(__file__).parents[1] / "fixtures" / "egress"
NAMES = ("safe/styled.xlsx", "leaky/comment.xlsx", "safe/report.docx", "leaky/tracked.docx", "review/table.pdf")
NAMES += ("safe/frame.html", "safe/heatmap.svg", "safe/notebook.ipynb")
PIECES = st.one_of(
    st.binary(max_size=8), st.sampled_from([b"<", b">", b"&", b'"', b"-1", b"99999999999", b"\0", b"]]>"])
)
TEARS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), PIECES), min_size=1, max_size=4)
logging.getLogger("pdfminer").setLevel(logging.CRITICAL)  # it writes of each fault, which the child keeps to itself


def torn(content: bytes, tears: list[tuple[float, int, bytes]]) -> bytes:
    """Bytes with pieces put in the place of others."""
    for share, length, piece in tears:
        at = int(share * len(content))
        content = content[:at] + piece + content[at + length :]
    return content


def torn_part(content: bytes, which: int, tears: list[tuple[float, int, bytes]]) -> bytes:
    """A package with one of its parts torn, and whole otherwise."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = list(parts)[which % len(parts)]
    return package({**parts, name: torn(parts[name], tears)})


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(NAMES), st.integers(0, 40), TEARS)
def test_torn_documents_are_read_and_stripped_or_refused(
    name: str, which: int, tears: list[tuple[float, int, bytes]]
) -> None:
    whole = (CORPUS / name).read_bytes()
    content = torn_part(whole, which, tears) if name.endswith(("xlsx", "docx")) else torn(whole, tears)
    document = read_document(content, Path(name).name)
    judge(document, PROFILES["nhs-sde"])
    if not document.media_type:
        return
    try:
        stripped = strip(content, document.media_type)
    except CannotStripError:
        return
    again = strip(stripped.content, document.media_type)
    assert (again.content, again.removed) == (stripped.content, ())

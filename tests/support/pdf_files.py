"""PDF made by hand for tests: numbered objects with a right table of them."""

from __future__ import annotations

CATALOG, PAGES = b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
FONT = b"/Resources<</Font<</F <</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>/Contents 4 0 R"


def pdf(*objects: bytes, root: int = 1, trailer: bytes = b"") -> bytes:
    """A PDF of these objects, numbered from 1."""
    out = b"%PDF-1.7\n"
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    end = b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
    end += b"trailer\n<</Size %d/Root %d 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (size, root, trailer, len(out))
    return out + end


def stream(content: bytes, more: bytes = b"") -> bytes:
    """A stream object."""
    return b"<</Length %d%s>>\nstream\n%s\nendstream" % (len(content), more, content)


def page(more: bytes = b"", box: bytes = b"0 0 300 300") -> bytes:
    """A page object; with FONT in `more`, its content is object 4."""
    return b"<</Type/Page/Parent 2 0 R/MediaBox[%s]%s>>" % (box, more)


def drawn(content: bytes, more: bytes = b"", trailer: bytes = b"") -> bytes:
    """A PDF of one page with this content."""
    return pdf(CATALOG, PAGES, page(FONT + more), stream(content), trailer=trailer)


def letters(text: str, x: int, y: int, before: str = "", size: float = 10) -> bytes:
    """Content that writes a text at a place."""
    return f"{before} BT /F {size} Tf {x} {y} Td ({text}) Tj ET ".encode()

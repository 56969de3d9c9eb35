"""Words of pages and drawings that no viewer draws, and the usual styles that hide nothing."""

from __future__ import annotations

import pytest

from egress.inspection.document import Seen
from egress.inspection.html_pages import read_html
from egress.inspection.svg_pictures import read_svg

SVG = "<svg xmlns='http://www.w3.org/2000/svg'>"


def undrawn(text: str) -> list[str]:
    reader = read_svg if text.startswith("<svg") else read_html
    return [sighting.where for sighting in reader(text, "").sightings if sighting.kind is Seen.UNDRAWN_TEXT]


@pytest.mark.parametrize(
    "style",
    [
        "display:none",
        "DISPLAY : NONE !important",
        "display:/* x */none",
        "visibility: hidden",
        "opacity:0",
        "opacity: 0.00;",
        "color: red; opacity: 0%",
        "font-size:0",
        "font-size: 1px",
        "font-size: 0.5pt; x: y",
        "position:absolute; left:-9999px",
        "text-indent: -1000em",
        "clip-path: inset(100%)",
        "transform: scale(0)",
        "height:0; overflow:hidden",
        "overflow: hidden; width: 0px",
        "color:#fff",
        "color: white; background: white",
        "color: rgba(10, 10, 10, 0)",
    ],
)
def test_hidden_words_are_found(style: str) -> None:
    assert undrawn(f"<p>\n<b style='{style}'>n = 4</b></p>") == ["line 2"]
    assert not undrawn(f"<p>\n<b style='{style}'> </b></p>")


@pytest.mark.parametrize(
    "style",
    [
        "display:block",
        "opacity: 0.5",
        "opacity: 1",
        "font-size: 10px",
        "font-size:0.8em",
        "font-size: .9rem",
        "font-size: 1em",
        "left: -1px",
        "color: #ffffff; background-color: #005eb8",
        "color: black",
        "border-color: white",
        "overflow: hidden; height: 20px",
    ],
)
def test_usual_styles_hide_nothing(style: str) -> None:
    assert not undrawn(f"<p style='{style}'>120 patients</p>")


@pytest.mark.parametrize(
    ("page", "places"),
    [
        ("<p hidden>x</p>", 1),
        ("<template>x</template>", 1),
        ("<div style='background:#000'><p style='color:white'>x</p></div>", 0),
        ("<table bgcolor=black><tr><td style='color:white'>x</td></tr></table>", 0),
        ("<style>.a{display:none} p{color:red}</style><p class=a>x</p><p>y</p>", 1),
        ("<style>.a{display:none}</style><p class=b>x</p><title class=a>x</title><i class=a></i>", 0),
        ("<style>p:hover{display:none}</style><p>x</p>", 0),
        ("<style>p[[{display:none}</style><p>x</p>", 1),
        ("<style>p\\61{display:none}</style><p>x</p>", 1),
        ("<p style='display:none'>x</p>\n" * 50, 20),
    ],
)
def test_pages_are_searched_whole(page: str, places: int) -> None:
    assert len(undrawn(page)) == places


@pytest.mark.parametrize(
    ("inside", "found"),
    [
        ("<text style='display:none'>x</text>", True),
        ("<g opacity='0'><g><text>x</text></g></g>", True),
        ("<text visibility='hidden'>x</text>", True),
        ("<text font-size='1'>x</text>", True),
        ("<defs><text>x</text></defs>", True),
        ("<defs><path d=''/></defs><text>x</text>", False),
        ("<g opacity='0'><path d=''/><text> </text></g>", False),
    ],
)
def test_drawings_are_searched(inside: str, found: bool) -> None:
    assert bool(undrawn(f"{SVG}{inside}</svg>")) is found

"""A report page: all escaped, small counts hidden, and nothing in it that the portal's content policy forbids."""

from __future__ import annotations

import re
import stat
from html.parser import HTMLParser
from pathlib import Path

import pytest

from governance.refusal import Refusal
from intake.reporting import BarPlot, LinePlot, Section, Table, Text, people, write_report
from intake.reporting.plots import WIDTH, draw_bars, draw_lines

HOSTILE = "<script>alert(1)</script>\"'&"
SECTIONS: list[Section] = [
    Text(HOSTILE, HOSTILE, "good"),
    Table(HOSTILE, (HOSTILE, "rows"), ((HOSTILE, 12345), ("share", 0.5), ("few", "<10")), HOSTILE),
    BarPlot(HOSTILE, (HOSTILE, "few"), (2000, 7), "rows"),
    BarPlot("Shares", tuple(f"c{n}" for n in range(60)), tuple(range(60)), "per cent", counts=False),
    LinePlot(
        HOSTILE, tuple(f"2020-{m:02}" for m in range(1, 13)), {HOSTILE: tuple(range(12)), "b": (50,) * 12}, "rows"
    ),
    Table("Nothing", ("a", "b"), ()),
]


class Reader(HTMLParser):
    """The elements and attributes of a page, and what is open at its end."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("reports") / "deliveries" / "x.html"
    write_report(file, f"Delivery {HOSTILE}", SECTIONS)
    return file.read_text(encoding="utf-8")


def test_nothing_in_it_needs_an_exception_of_the_policy(page: str) -> None:
    """default-src 'none'; style-src 'self': no script, no style element or attribute, nothing from another origin."""
    read = Reader(page)
    assert read.open == []
    assert not {"script", "style", "iframe", "object", "img", "form"} & set(read.tags)
    assert not [name for _, name, _ in read.attributes if name == "style" or name.startswith("on")]
    addresses = [value for tag, name, value in read.attributes if name in ("href", "src")]
    assert addresses == ["../style.css", "/services/portal/static/style.css", "#main"]


def test_whatever_comes_in_is_escaped(page: str) -> None:
    assert "<script" not in page and "&lt;script&gt;" in page


def test_it_can_be_heard_and_walked(page: str) -> None:
    read = Reader(page)
    assert 'lang="en-GB"' in page and read.tags.count("h1") == 1 and read.tags.count("main") == 1
    labels = [value for tag, name, value in read.attributes if tag == "svg" and name == "aria-label"]
    assert len(labels) == 3 and all("table" in label for label in labels)
    heads = [value for tag, name, value in read.attributes if tag == "th" and name == "scope"]
    assert set(heads) == {"col", "row"} and len(heads) == read.tags.count("th")
    sections = [value for tag, name, value in read.attributes if tag == "section" and name == "aria-labelledby"]
    ids = [value for _, name, value in read.attributes if name == "id"]
    assert set(sections) <= set(ids) and len(set(sections)) == len(SECTIONS)


def test_every_id_stands_once(page: str) -> None:
    ids = [value for _, name, value in Reader(page).attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert not re.findall(r"xlink:href|url\(", page)  # no drawing refers to what another one may have named


def test_small_counts_are_hidden_in_tables_and_alike_in_plots(tmp_path: Path) -> None:
    drawn = []
    for count in (1, 9):
        file = tmp_path / "d" / f"{count}.html"
        write_report(file, "x", [BarPlot("Why", ("a", "b"), (count, 500), "rows")])
        drawn.append(re.sub(r"\d+ \w+ \d{4}, \d\d:\d\d", "", file.read_text()))
    assert drawn[0] == drawn[1] and "&lt;10" in drawn[0]
    assert [people(count) for count in (0, 1, 9, 10)] == [0, "<10", "<10", 10]


def test_a_plot_holds_every_value_within_its_frame() -> None:
    """Bars as long as their values say, lines as high; nothing outside of the drawing."""
    read = Reader(draw_bars(BarPlot("h", ("a", "b", "c"), (50, 25, 0), "rows")))
    widths = [float(value) for tag, name, value in read.attributes if (tag, name) == ("rect", "width")]
    assert widths[0] == pytest.approx(2 * widths[1], abs=0.2) and widths[2] == 0 and 300 < widths[0] < WIDTH
    drawing = draw_lines(LinePlot("h", ("x", "y", "z"), {"one": (0, 70, 140), "two": (140, 0, 70)}, "rows"))
    lines = re.findall(r'd="M([^"m]+)" fill="none"', drawing)
    one, two = (
        [tuple(map(float, point.split())) for point in line.split("L")] for line in lines if line.count("L") > 1
    )
    assert [x for x, _ in one] == sorted({x for x, _ in two}) and all(0 <= x <= WIDTH for x, _ in one)
    assert one[0][1] == two[1][1] > one[1][1] > one[2][1] == two[0][1] > 0
    heights = [float(value) for tag, name, value in Reader(drawing).attributes if (tag, name) == ("svg", "height")]
    assert heights[0] > one[0][1]
    assert draw_bars(BarPlot("h", (), (), "rows")) == draw_lines(LinePlot("h", (), {}, "rows")) == ""


def test_the_file_is_closed_whole_and_replaced(tmp_path: Path) -> None:
    file = tmp_path / "reports" / "deliveries" / "x.html"
    for title in ("one", "two"):
        write_report(file, title, [])
    assert "<h1>two</h1>" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in file.parent.iterdir()] == ["x.html"]
    assert (tmp_path / "reports" / "style.css").exists()


def test_a_page_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file where the folder should be")
    with pytest.raises(Refusal, match="disk-full"):
        write_report(tmp_path / "reports" / "deliveries" / "x.html", "x", [])

"""The shared look: contrast of every pair of text and ground, nothing from elsewhere, a frame that needs little."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from governance.look import LOOK_FOLDER

STYLE = (LOOK_FOLDER / "style.css").read_text()
AA_TEXT, AA_EDGE = 4.5, 3.0
#: text, ground, least ratio (WCAG 2.2 1.4.3 and 1.4.11)
PAIRS = [
    *((text, ground, AA_TEXT) for text in ("ink", "soft", "link") for ground in ("paper", "card", "sunken")),
    *((tone, f"{tone}-ground", AA_TEXT) for tone in ("good", "wait", "stop", "info", "quiet")),
    *(("ink", f"{tone}-ground", AA_TEXT) for tone in ("good", "wait", "stop", "info", "quiet")),
    ("stop", "card", AA_TEXT),
    ("on-act", "act", AA_TEXT),
    ("on-act", "act-deep", AA_TEXT),
    ("on-top", "top", AA_TEXT),
    ("on-top", "top-deep", AA_TEXT),
    ("focus-ink", "focus", AA_TEXT),
    ("edge", "card", AA_EDGE),
    ("edge", "paper", AA_EDGE),
    ("amber", "top", AA_EDGE),
]


def read_colours(scheme: str) -> dict[str, str]:
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", blocks[0]))
    if scheme == "dark":
        colours |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", blocks[1]))
    return colours


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def render(template: str, **context: object) -> BeautifulSoup:
    environment = Environment(loader=FileSystemLoader(LOOK_FOLDER), autoescape=True, undefined=StrictUndefined)
    return BeautifulSoup(environment.from_string(template).render(**context), "html.parser")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground", "least"), PAIRS)
def test_contrast_keeps_aa(scheme: str, text: str, ground: str, least: float) -> None:
    colours = read_colours(scheme)
    ratio = contrast(colours[text], colours[ground])
    assert ratio >= least, f"{text} on {ground} in {scheme}: {ratio:.2f}"


def test_the_focus_ring_shows_on_every_ground() -> None:
    for scheme in ("light", "dark"):
        colours = read_colours(scheme)
        for ground in ("paper", "card", "top", "top-deep", "act"):
            best = max(contrast(colours[ring], colours[ground]) for ring in ("focus", "focus-ink"))
            assert best >= AA_EDGE, f"{ground} in {scheme}"


def test_the_sheet_is_short_and_fetches_nothing() -> None:
    assert len(STYLE.splitlines()) < 400
    assert "url(" not in STYLE
    assert "@import" not in STYLE


def test_no_page_of_the_look_names_another_host_or_a_script() -> None:
    for file in LOOK_FOLDER.glob("*.html"):
        text = file.read_text()
        assert not re.search(r"<script|javascript:|\son[a-z]+=|\sstyle=|https?://", text), file.name


def test_the_frame_needs_a_title_only_and_shows_no_navigation_to_nobody() -> None:
    page = render('{% extends "base.html" %}', page_title="A <title>")
    assert page.html["lang"] == "en-GB"
    assert page.title.string == "A <title> - SDE Gateway"
    assert [heading.string for heading in page.find_all("h1")] == ["A <title>"]
    assert page.find("nav") is None
    assert page.find("a", class_="skip")["href"] == "#main"
    assert page.main["id"] == "main"


@pytest.mark.parametrize(
    ("roles", "labels"),
    [
        (set(), ["Projects", "Egress requests", "Applications"]),
        ({"output_checker"}, ["Projects", "Egress requests", "Applications", "Review queue"]),
        ({"administrator"}, ["Projects", "Egress requests", "Applications", "Administration"]),
        ({"auditor"}, ["Projects", "Egress requests", "Applications", "Administration"]),
        (
            {"data_steward", "output_checker"},
            ["Projects", "Egress requests", "Applications", "Review queue", "Data", "Administration"],
        ),
        ({"keyholder"}, ["Projects", "Egress requests", "Applications", "Re-identification"]),
    ],
)
def test_navigation_by_role(roles: set[str], labels: list[str]) -> None:
    page = render('{% extends "base.html" %}', page_title="T", person_name="Ada Byron", roles=roles, section="egress")
    assert [link.string for link in page.nav.find_all("a")] == labels
    assert page.nav.find("a", attrs={"aria-current": "page"}).string == "Egress requests"
    assert "Ada Byron" in page.header.get_text()
    assert page.header.find("a", href="/hub/logout").string == "Sign out"


def test_a_badge_has_text_and_a_shape_besides_its_colour() -> None:
    tones = ("good", "wait", "stop", "info", "quiet")
    shapes = set()
    for tone in tones:
        badge = render('{% import "components.html" as ui %}{{ ui.badge("In words", tone) }}', tone=tone).span
        shape = badge.find("span", attrs={"aria-hidden": "true"})
        shapes.add(shape.string)
        assert badge.get_text().endswith("In words")
    assert len(shapes) == len(tones)


def test_what_people_typed_is_escaped_by_every_component() -> None:
    page = render(
        """{% import "components.html" as ui %}{{ ui.refusal(x, x, x, x) }}{{ ui.field("n", x, x, hint=x) }}
        {{ ui.choice("c", x, [(x, x)], x) }}{{ ui.text_area("t", x, x) }}{{ ui.badge(x) }}{{ ui.notice(x) }}
        {{ ui.facts([(x, x)]) }}{{ ui.breadcrumb([(x, "/")], x) }}{{ ui.action("/", x, x, about=x) }}""",
        x='"><script>alert(1)</script>',
    )
    assert page.find("script") is None

"""Finds words of an HTML page or SVG picture that a viewer does not draw: display none, no opacity, off the page ...

It looks at declarations, not at layout: what a stylesheet hides is found where its selector matches an element with
words in it. White on white counts only where both are written beside the words, since the ground may be dark elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from bs4 import BeautifulSoup, Tag
from soupsieve import SelectorSyntaxError

from egress.inspection.markup import CSS_COMMENT

#: Declarations under which nothing is drawn.
HIDING = re.compile(
    r"""(?ix)(?:^|;)\s*(?:
        display\s*:\s*none | visibility\s*:\s*(?:hidden|collapse) | opacity\s*:\s*0*\.?0+\s*(?:%|;|!|$)
      | font-size\s*:\s*0*(?:\.\d+|[01](?:\.\d+)?)?(?:px|pt)?\s*(?:;|!|$)
      | (?:left|top|right|bottom|text-indent|margin-left|margin-top)\s*:\s*-\d{3,}
      | (?:clip-path\s*:\s*inset\(\s*(?:50|100)% | clip\s*:\s*rect\(\s*0) | transform\s*:\s*scale\(\s*0\s*[,)]
      | (?:max-)?(?:height|width)\s*:\s*0(?:px)?\s*;.*overflow\s*:\s*hidden
      | overflow\s*:\s*hidden\s*;.*(?:max-)?(?:height|width)\s*:\s*0(?:px)?\s*(?:;|$)
    )""",
    re.DOTALL,
)
WHITE = r"(?:\#fff(?:fff)?\b|white\b|rgba?\(\s*255\s*,\s*255\s*,\s*255|transparent\b|rgba\([^)]*,\s*0(?:\.0+)?\s*\))"
WHITE_LETTERS = re.compile(rf"(?i)(?:^|;)\s*color\s*:\s*{WHITE}")
GROUND = re.compile(rf"(?i)background(?:-color|-image)?\s*:\s*(?!\s*{WHITE})\S")
RULE = re.compile(r"([^{}@]+)\{([^{}]*)\}")
MOST_RULES = 50
MOST_MATCHES = 200
SIMPLE_SELECTOR = re.compile(r"[\w\s.#,>*\-\[\]=\"'():]{1,200}")
UNDRAWN = frozenset({"template", "noscript", "datalist"})
#: Elements whose words nobody expects to see.
WORDLESS = frozenset({"style", "script", "title", "head", "meta", "link", "metadata"})


def hides(style: str) -> bool:
    """True if declarations hide what they apply to."""
    return HIDING.search(CSS_COMMENT.sub("", style)) is not None


def unseen_in_page(soup: BeautifulSoup) -> Iterator[int]:
    """Lines of elements with words that are not drawn."""
    for element in soup.find_all(True):
        if element.name not in WORDLESS and _is_unseen(element) and element.get_text(strip=True):
            yield element.sourceline or 0
    sheets = "\n".join(sheet.get_text() for sheet in soup.find_all("style"))
    for selector in _hiding_selectors(sheets):
        yield from _lines_of(soup, selector)


def _is_unseen(element: Tag) -> bool:
    style = str(element.get("style", ""))
    if element.name in UNDRAWN or "hidden" in element.attrs or hides(style):
        return True
    return WHITE_LETTERS.search(style) is not None and not any(
        GROUND.search(str(around.get("style", ""))) or "bgcolor" in around.attrs
        for around in (element, *element.parents)
    )


def _hiding_selectors(css: str) -> list[str]:
    rules = RULE.findall(CSS_COMMENT.sub("", css))
    return [selector.strip() for selector, declared in rules if hides(declared)][:MOST_RULES]


def _lines_of(soup: BeautifulSoup, selector: str) -> Iterator[int]:
    """Elements with words that a selector matches; one too odd to be tried counts as matching."""
    if not SIMPLE_SELECTOR.fullmatch(selector):
        yield 0
        return
    if ":" in selector:  # while something is pointed at or asked for; a page at rest shows it
        return
    try:
        matched = soup.select(selector, limit=MOST_MATCHES)
    except (SelectorSyntaxError, NotImplementedError, ValueError):
        yield 0
        return
    for element in matched:
        if element.name not in WORDLESS and element.get_text(strip=True):
            yield element.sourceline or 0


def is_undrawn_in_svg(attributes: Mapping[str, str]) -> bool:
    """True if an SVG element is not drawn; attributes by local name, in lower case."""
    declared = "; ".join(f"{name}: {value}" for name, value in attributes.items() if name in {"display", "visibility"})
    sizes = "; ".join(f"{name}: {attributes[name]}" for name in ("opacity", "font-size") if name in attributes)
    style = attributes.get("style", "")
    return hides(declared) or hides(sizes) or hides(style)

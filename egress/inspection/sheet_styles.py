"""How a workbook's cells look: number format, and whether the letters have the colour of what is behind them.

Source: ECMA-376 part 1, 18.8 (styles). Theme colours 0 and 2 are the light backgrounds, indexed 1 and 9 are white.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from egress.inspection.number_formats import BUILT_IN, hides_something
from egress.inspection.office_xml import held_by, local, parsed

WHITE = "FFFFFF"
WHITE_BY_PLACE = {"theme": frozenset({"0"}), "indexed": frozenset({"1", "9"})}
SMALLEST_LETTERS = 2.0  # points


@dataclass(frozen=True)
class CellStyle:
    """One look of cells. `invisible`: letters in the colour of the cell, or too small to be seen."""

    number_format: str = "General"
    invisible: bool = False


@dataclass(frozen=True)
class Styles:
    """All looks of a workbook's cells, by number; `hides_by_rule`: a conditional format can blank a value."""

    cells: tuple[CellStyle, ...] = (CellStyle(),)
    hides_by_rule: bool = False

    def of(self, number: str | None) -> CellStyle:
        """The style that a cell names; the first one for none, or for one that is not there."""
        index = int(number) if number and number.isdecimal() else 0
        return self.cells[index] if index < len(self.cells) else CellStyle()


def read_styles(content: bytes) -> Styles:
    """Read styles.xml. Raises PackageError."""
    groups = {local(group.tag): list(group) for group in parsed(content)}
    formats = dict(BUILT_IN)
    for entry in groups.get("numFmts", []):
        number = held_by(entry).get("numFmtId", "")
        if number.isdecimal():
            formats[int(number)] = held_by(entry).get("formatCode", "General")
    fonts = [_letters(font) for font in groups.get("fonts", [])]
    fills = [_behind(fill) for fill in groups.get("fills", [])]
    cells = tuple(_cell_style(held_by(look), formats, fonts, fills) for look in groups.get("cellXfs", []))
    rules = [code for rule in groups.get("dxfs", []) for code in _formats_of(rule)]
    return Styles(cells or (CellStyle(),), any(map(hides_something, rules)))


def _cell_style(
    look: Mapping[str, str], formats: dict[int, str], fonts: list[tuple[str, float]], fills: list[str]
) -> CellStyle:
    numbers = {name: _number(look, name) for name in ("numFmtId", "fontId", "fillId")}
    colour, size = fonts[numbers["fontId"]] if numbers["fontId"] < len(fonts) else ("", 11.0)
    behind = fills[numbers["fillId"]] if numbers["fillId"] < len(fills) else WHITE
    invisible = (bool(colour) and colour == behind) or size <= SMALLEST_LETTERS
    return CellStyle(formats.get(numbers["numFmtId"], "General"), invisible)


def _number(look: Mapping[str, str], name: str) -> int:
    value = look.get(name, "")
    return int(value) if value.isdecimal() else 0


def _letters(font: Element) -> tuple[str, float]:
    """Colour ("" for black by default) and size in points."""
    colour, size = "", 11.0
    for child in font:
        if local(child.tag) == "color":
            colour = _colour(held_by(child))
        elif local(child.tag) == "sz":
            size = _points(held_by(child).get("val", ""))
    return colour, size


def _points(text: str) -> float:
    """A size or shade; 0 for what is no number."""
    try:
        return float(text)
    except ValueError:
        return 0.0


def _behind(fill: Element) -> str:
    """The colour of a cell: white if nothing fills it, "" if that is not one colour."""
    for pattern in fill:
        kind = held_by(pattern).get("patternType", "none")
        if local(pattern.tag) == "patternFill" and kind in {"none", "solid"}:
            colours = {local(child.tag): _colour(held_by(child)) for child in pattern}
            return WHITE if kind == "none" else colours.get("fgColor", "")
        return ""
    return WHITE


def _colour(held: Mapping[str, str]) -> str:
    """One name for one colour: "FFFFFF" for every way to say white, else its value or place; "" for none."""
    if rgb := held.get("rgb", ""):
        return rgb[-6:].upper()
    for place, whites in WHITE_BY_PLACE.items():
        if number := held.get(place, ""):
            shade = held.get("tint", "")
            return WHITE if number in whites and _points(shade) == 0 else f"{place} {number} {shade}"
    return ""


def _formats_of(rule: Element) -> Iterator[str]:
    for child in rule.iter():
        if local(child.tag) == "numFmt":
            yield held_by(child).get("formatCode", "General")

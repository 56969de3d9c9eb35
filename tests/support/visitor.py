"""A person at a browser without JavaScript: opens pages, fills in the forms that are there, presses their buttons."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import httpx
from bs4 import BeautifulSoup, Tag


@dataclass(frozen=True)
class Page:
    """One page as it came, and the person looking at it."""

    visitor: Visitor
    response: httpx.Response

    @property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.response.text, "html.parser")

    @property
    def text(self) -> str:
        return " ".join(self.soup.get_text(" ").split())

    def has_button(self, words: str) -> bool:
        return bool(self._forms(words))

    def press(self, words: str, files: dict[str, list[Path]] | None = None, **fields: str) -> Page:
        """Fill in the (first) form that has a button with these words, and press it. Unknown fields are a mistake."""
        forms = self._forms(words)
        assert forms, f"no button {words!r} on {self.response.url}: {self.text[:600]}"
        form, button = forms[0]
        data = _values(form)
        for name, value in fields.items():
            assert form.find(attrs={"name": name}), f"the form {words!r} has no field {name}: {form.prettify()[:900]}"
            data[name] = value
        if button.get("name"):
            data[str(button["name"])] = str(button.get("value", ""))
        address = str(button.get("formaction") or form.get("action") or self.response.url)
        return self.visitor.send(str(self.response.url.join(address)), data, files or {})

    def link(self, words: str) -> Page:
        """Follow the first link with these words."""
        for anchor in self.soup.find_all("a"):
            if words in anchor.get_text(" ") and anchor.get("href"):
                return self.visitor.open(str(self.response.url.join(str(anchor["href"]))))
        raise AssertionError(f"no link {words!r} on {self.response.url}: {self.text[:600]}")

    def _forms(self, words: str) -> list[tuple[Tag, Tag]]:
        found: list[tuple[Tag, Tag]] = []
        for form in self.soup.find_all("form"):
            for button in form.find_all(["button", "input"]):
                label = button.get_text(" ").strip() or str(button.get("value", ""))
                if button.get("type", "submit") == "submit" and words.lower() in " ".join(label.split()).lower():
                    found.append((form, button))
        return found


@dataclass(frozen=True)
class Visitor:
    """A person with cookies. `client` follows redirects and is signed in."""

    client: httpx.Client

    def open(self, address: str) -> Page:
        return Page(self, self.client.get(address))

    def send(self, address: str, data: dict[str, str], files: dict[str, list[Path]]) -> Page:
        parts = [(name, (file.name, file.read_bytes())) for name, group in files.items() for file in group]
        return Page(self, self.client.post(address, data=data, files=parts or None))


def _values(form: Tag) -> dict[str, str]:
    """What a browser would send if nothing were touched."""
    data: dict[str, str] = {}
    for field in form.find_all(["input", "textarea", "select"]):
        name, kind = field.get("name"), field.get("type", "text")
        if not name or kind in {"submit", "file"} or (kind in {"radio", "checkbox"} and not field.has_attr("checked")):
            continue
        if field.name == "select":
            chosen = field.find("option", selected=True) or field.find("option")
            data[str(name)] = str(chosen.get("value", chosen.get_text())) if chosen else ""
        else:
            data[str(name)] = field.get_text() if field.name == "textarea" else str(field.get("value", ""))
    return data

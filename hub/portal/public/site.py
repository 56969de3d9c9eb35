"""The public site: its pages as data, and how each is made of what the public is told. Promise: a page is made of
`Told` alone, so it can hold nothing that the register does not publish; nobody's visit changes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from jinja2 import Environment

from governance.data_uses.document import to_csv, to_json
from governance.data_uses.entries import DataUse
from governance.data_uses.rounding import say_count
from governance.data_uses.told import Told

HTML, JSON, CSV = "text/html; charset=utf-8", "application/json", "text/csv; charset=utf-8"
#: Gives the address of a page: of its name, and of the project for "project".
Locate = Callable[..., str]


@dataclass(frozen=True)
class PublicPage:
    """One page: its name, what it is called in the navigation and at its top, and its template."""

    name: str
    label: str
    title: str
    template: str


PAGES: tuple[PublicPage, ...] = (
    PublicPage("start", "Start", "How health data are used here", "public_start.html"),
    PublicPage("register", "Who uses data", "Who uses data, and what for", "public_register.html"),
    PublicPage("data", "What is held", "What data are held", "public_data.html"),
    PublicPage("opt-out", "Your choice", "Your choice: how to opt out", "public_opt_out.html"),
    PublicPage("safety", "What keeps it safe", "What keeps your data safe", "public_safety.html"),
    PublicPage("statistics", "Figures", "The service in figures", "public_statistics.html"),
)
BY_NAME: Mapping[str, PublicPage] = MappingProxyType({page.name: page for page in PAGES})


@dataclass(frozen=True)
class Site:
    """Makes pages. `locate`: where each is; `look`: where the style sheet is; `contact`: how to reach the service."""

    templates: Environment
    locate: Locate
    look: str
    contact: str = ""

    def page(self, name: str, told: Told) -> str:
        """One of PAGES. Raises KeyError for another name."""
        page = BY_NAME[name]
        return self._render(page.template, told, title=page.title, section=page.name)

    def project(self, use: DataUse, told: Told) -> str:
        """The page of one project."""
        return self._render("public_project.html", told, title=use.title, section="register", use=use)

    def _render(self, template: str, told: Told, *, title: str, section: str, use: DataUse | None = None) -> str:
        return self.templates.get_template(template).render(
            page_title=title,
            section=section,
            public_nav=[(page.name, self.locate(page.name), page.label) for page in PAGES],
            home=self.locate("start"),
            look=self.look,
            at=self.locate,
            contact=self.contact,
            about=say_count,
            told=told,
            use=use,
        )


def find_use(told: Told, slug: str) -> DataUse | None:
    """The project of this short name, if the register has it."""
    return next((use for use in told.uses if use.slug == slug), None)


def as_json(told: Told) -> str:
    """The register for machines."""
    return to_json(told.uses, told.made_on)


def as_csv(told: Told) -> str:
    """The register for spreadsheets."""
    return to_csv(told.uses)

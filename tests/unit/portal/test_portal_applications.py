"""The pages of applications: a whole application by its forms, from the first field to the project; nothing typed is
lost; who has no part in it learns nothing.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from fastapi.testclient import TestClient

from governance.applications.answers import Answers
from governance.applications.form import FORM
from governance.clock import today
from governance.data_uses.entries import read_data_uses
from governance.registry import initialise
from governance.settings import Settings
from governance.store import Store, open_store
from governance.store.projects import Project
from hub.portal.views.application_form import flatten, read_section
from tests.support.application_world import (
    APPLICANT,
    DELEGATES,
    MEMBERS,
    STEWARD,
    complete_values,
    drafted,
    furnish,
    seen,
)
from tests.unit.portal.test_portal_pages import check_page

LIST = "/services/portal/applications"
Visit = Callable[[str], TestClient]


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    state = tmp_path_factory.mktemp("furnished") / "state"
    store = initialise(Settings(state=state))
    furnish(store)
    store.close()
    return state


@pytest.fixture
def demo_register(settings: Settings, furnished: Path) -> Iterator[Store]:
    """In the place of the demonstration's: the application of this folder's conftest takes it."""
    shutil.copytree(furnished, settings.folder.root)
    opened = open_store(settings)
    yield opened
    opened.close()


class Desk:
    """One person before the pages of one application."""

    def __init__(self, visit: Visit, who: str, token: str, url: str) -> None:
        self.visit, self.who, self.token, self.url = visit, who, token, url

    @property
    def client(self) -> TestClient:
        return self.visit(self.who)

    def read(self, path: str = "") -> BeautifulSoup:
        answer = self.client.get(self.url + path)
        assert answer.status_code == 200, (path, answer.status_code)
        return check_page(answer.text)

    def send(self, path: str, **values: str) -> int:
        """The form of this act as it stands on the page, with some fields filled in."""
        return self.client.post(self.url + path, data={"xsrf": self.token, **values}).status_code

    def press(self, act: str, place: int = 0, **values: str) -> None:
        """Fill in the form of the page that does this act, and send it with its hidden fields."""
        form = self.read().find_all("form", action=f"{self.url}/act/{act}")[place]
        held = {field["name"]: field.get("value", "") for field in form.find_all("input", attrs={"type": "hidden"})}
        assert self.send(f"/act/{act}", **{**held, **values}) == 303, act


def filled(values: dict[str, object]) -> dict[str, str]:
    return flatten(Answers().with_values(values))


def test_what_is_shown_reads_back_as_what_was_saved() -> None:
    answers = Answers().with_values(complete_values())
    shown = flatten(answers)
    told = {name: value for section in FORM for name, value in read_section(section, shown).items()}
    assert Answers().with_values(told) == answers


def test_nothing_filled_in_is_nothing_answered() -> None:
    told = {name: value for section in FORM for name, value in read_section(section, {}).items()}
    assert Answers().with_values(told) == Answers()


@pytest.mark.slow
def test_a_whole_application_by_its_forms(visit: Visit, demo_register: Store, form_token: str) -> None:
    def desk(who: str, url: str = LIST) -> Desk:
        return Desk(visit, who, form_token, url)

    begun = visit(APPLICANT).post(LIST, data={"xsrf": form_token, "kind": "project"})
    url = begun.headers["location"].partition("/form/")[0]
    application = url.rpartition("/")[2]
    mine = desk(APPLICANT, url)
    assert "not answered yet" in mine.read().text
    shown = filled(complete_values())
    for section in FORM:
        mine.read(f"/form/{section.name}")
        assert mine.send(f"/form/{section.name}", **shown, then="next") == 303
    assert "Nothing is missing" in mine.read().text
    assert seen(demo_register, application).answers == Answers().with_values(complete_values())
    mine.press("submit")
    desk(STEWARD, url).press("accept", meets_on=str(today()))
    for who in MEMBERS:
        desk(who, url).press("declare", conflicted="no")
        desk(who, url).press("vote", decision="approve", reason="As said.")
    chair = desk("chair", url)
    chair.press("conclude")
    chair.press("minutes", text="We met and decided.")
    chair.press("sign")
    for who in DELEGATES:
        forms = desk(who, url).read().find_all("form", action=f"{url}/act/answer")
        for place in range(len(forms)):
            desk(who, url).press("answer", place, decision="agree")
    chair.press("approve")
    with demo_register.reading() as session:
        assert session.get(Project, "frailty") is not None
        (use,) = read_data_uses(session)  # and the public reads what the application said
    assert (use.public_benefit, use.funder, use.organisations) == ("Fewer falls.", "none", ("University",))
    assert "Approved" in mine.read().text


@pytest.mark.slow
def test_what_was_typed_stays_when_it_is_refused(visit: Visit, demo_register: Store, form_token: str) -> None:
    url = f"{LIST}/{drafted(demo_register)}"
    typed = {"starts": "not a day", "ends": "2027-01-01", "fee_pence": "12"}
    answer = visit(APPLICANT).post(f"{url}/form/period", data={"xsrf": form_token, **typed})
    assert answer.status_code == 422
    page = BeautifulSoup(answer.text, "html.parser")
    fields: dict[str, Tag] = {field["name"]: field for field in page.main.find_all("input")}
    assert {name: fields[name]["value"] for name in typed} == typed
    assert page.find(attrs={"role": "alert"})


@pytest.mark.slow
def test_the_columns_of_a_chosen_table_can_be_picked(visit: Visit, demo_register: Store, form_token: str) -> None:
    url = f"{LIST}/{drafted(demo_register)}"
    page = check_page(visit(APPLICANT).get(f"{url}/form/data").text)
    picker = page.find("select", attrs={"name": "data.1.table"})
    assert {option["value"] for option in picker.find_all("option")} >= {"", "person", "concept"}
    assert page.find("input", attrs={"name": "data.1.columns.year_of_birth"})["value"] == "Age."
    assert page.find("input", attrs={"name": "data.2.columns.year_of_birth"}) is None
    assert page.find("input", attrs={"name": "data.1.columns.gender_concept_id"})["value"] == ""


@pytest.mark.slow
def test_a_list_of_what_is_missing_leads_to_its_fields(visit: Visit, demo_register: Store, form_token: str) -> None:
    begun = visit(APPLICANT).post(LIST, data={"xsrf": form_token})
    url = begun.headers["location"].partition("/form/")[0]
    visit(APPLICANT).post(f"{url}/form/people", data={"xsrf": form_token, "people.1.subject": "nobody"})
    page = check_page(visit(APPLICANT).get(url).text)
    links = [link["href"] for link in page.main.find_all("a", href=re.compile("#f-"))]
    assert f"{url}/form/people#f-people.1.subject" in links
    for link in links:
        path, _, target = link.partition("#")
        assert BeautifulSoup(visit(APPLICANT).get(path).text, "html.parser").find(id=target), link


@pytest.mark.slow
def test_who_has_no_part_learns_nothing(visit: Visit, demo_register: Store, form_token: str) -> None:
    application = drafted(demo_register)
    url = f"{LIST}/{application}"
    for who in ("stranger", STEWARD, "chair"):  # a draft is its applicants' own
        for path in ("", "/form/about"):
            answer = visit(who).get(url + path)
            assert answer.status_code == 404 and "Frailty" not in answer.text
        assert "Frailty" not in visit(who).get(LIST).text
        assert visit(who).post(f"{url}/act/submit", data={"xsrf": form_token}).status_code == 404
    assert visit("colleague").get(url).status_code == 200
    assert visit("colleague").post(f"{url}/form/about", data={"xsrf": form_token, "title": "Mine"}).status_code in (
        403,
        404,
    )
    assert visit(APPLICANT).get(f"{url}/form/nothing").status_code == 404
    assert visit(APPLICANT).post(f"{url}/act/nothing", data={"xsrf": form_token}).status_code == 404


@pytest.mark.slow
def test_what_an_applicant_wrote_is_text(visit: Visit, demo_register: Store, form_token: str) -> None:
    url = f"{LIST}/{drafted(demo_register)}"
    evil = "<script>alert(1)</script>"
    visit(APPLICANT).post(f"{url}/form/about", data={"xsrf": form_token, "title": evil, "why": evil})
    for path in ("", "/form/about"):
        assert evil not in visit(APPLICANT).get(url + path).text

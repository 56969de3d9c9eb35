"""What people type, checked at the edge: one model a form, and a Refusal in words for what does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from governance.refusal import Refusal
from hub.portal.identity import SignedIn, identify
from hub.portal.templating import PREFIX

MOST_FIELDS = 20
LONGEST_BODY = 64 * 1024  # bytes
#: Of an application, which has a field for each column, and of a count with its ticked codes.
LONG_FORMS = (f"{PREFIX}/applications/", f"{PREFIX}/feasibility/count")
MOST_LONG_FIELDS = 5_000
LONGEST_LONG_BODY = 512 * 1024
XSRF = "xsrf"

#: Kind of pydantic's complaint -> what is said after the field's name.
COMPLAINTS: Mapping[str, str] = {
    "missing": "is missing",
    "string_too_short": "is missing",
    "date_from_datetime_parsing": "must be a calendar day",
    "date_parsing": "must be a calendar day",
    "date_type": "must be a calendar day",
    "int_parsing": "must be a whole number",
}


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


def _split_names(value: object) -> object:
    return tuple(filter(None, (name.strip() for name in value.split(",")))) if isinstance(value, str) else value


Text = Annotated[str, Field(min_length=1)]
OptionalNumber = Annotated[int | None, BeforeValidator(_empty_is_none)]
OptionalDay = Annotated[date | None, BeforeValidator(_empty_is_none)]
Names = Annotated[tuple[str, ...], BeforeValidator(_split_names)]


class FormModel(BaseModel):
    """A form: nothing but its own fields, spaces around the values taken off."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)


class AlarmNoteForm(FormModel):
    """What the review of an alarm found."""

    note: Text = Field(title="What was found")


class OrganisationForm(FormModel):
    """A trusted organisation."""

    name: Text = Field(title="Name")
    kind: str = Field(default="other", title="Kind")
    country: str = Field(default="", title="Country")
    reference: str = Field(default="", title="Agreement")
    agreement_until: OptionalDay = Field(default=None, title="Agreement until")


class PersonForm(FormModel):
    """A person to register."""

    subject: Text = Field(title="Subject")
    name: Text = Field(title="Name")
    organisation: Text = Field(title="Organisation")


class TrainingForm(FormModel):
    """A course taken; its own term counts where no end is given."""

    course: Text = Field(title="Course")
    taken: OptionalDay = Field(default=None, title="Taken")
    issuer: str = Field(default="", title="Issuer")
    certificate: str = Field(default="", title="Certificate")
    expires: OptionalDay = Field(default=None, title="Expires")


class AffiliationForm(FormModel):
    """For whom a person works."""

    organisation: Text = Field(title="Organisation")
    starts: OptionalDay = Field(default=None, title="From")
    until: OptionalDay = Field(default=None, title="Until")


class NameForm(FormModel):
    """Which one is meant."""

    name: Text = Field(title="Name")


class AgreementForm(FormModel):
    """An agreement with an organisation."""

    organisation: Text = Field(title="Organisation")
    reference: Text = Field(title="Agreement")
    starts: OptionalDay = Field(default=None, title="From")
    until: OptionalDay = Field(default=None, title="Until")


class ApprovalForm(FormModel):
    """An approval of a project."""

    kind: Text = Field(title="Kind")
    reference: Text = Field(title="Reference")
    party: str = Field(default="", title="With whom")
    starts: OptionalDay = Field(default=None, title="From")
    until: OptionalDay = Field(default=None, title="Until")
    note: str = Field(default="", title="Note")


class StopForm(FormModel):
    """What to stop or resume, and why."""

    scope: Text = Field(title="What")
    target: str = Field(default="", title="Which")
    reason: Text = Field(title="Why")


class NewProjectForm(FormModel):
    """An approved project."""

    slug: Text = Field(title="Short name")
    title: Text = Field(title="Title")
    purpose: Text = Field(title="Purpose")
    mode: Text = Field(title="Mode")
    profile: Text = Field(title="Disclosure profile")
    starts: OptionalDay = Field(default=None, title="Starts")
    ends: date = Field(title="Ends")


class ProjectChangeForm(FormModel):
    """New dates, status and release budget of a project, and whether its workspaces have terminals."""

    starts: date = Field(title="Starts")
    ends: date = Field(title="Ends")
    status: Text = Field(title="Status")
    budget_cells: int = Field(title="Release budget")
    terminals: bool = Field(default=False, title="Terminals")


class MemberForm(FormModel):
    """A membership."""

    subject: Text = Field(title="Person")
    role: Text = Field(title="Role")
    starts: OptionalDay = Field(default=None, title="From")
    until: date = Field(title="Until")


class SubjectForm(FormModel):
    """Which member is meant."""

    subject: Text = Field(title="Person")


class GrantForm(FormModel):
    """A grant of a table or of some of its columns."""

    table: Text = Field(title="Table")
    columns: Names = Field(default=(), title="Columns")


class TableForm(FormModel):
    """Which grant is meant."""

    table: Text = Field(title="Table")


class StartForm(FormModel):
    """A start of a workspace; no image means the one of the last start."""

    image: str = Field(default="", title="Image")


class SearchForm(FormModel):
    """Concepts by words of their names."""

    table: Text = Field(title="Kind of record")
    words: Text = Field(title="Words")


class CountForm(FormModel):
    """A feasibility count; `concepts`: ids with commas."""

    table: Text = Field(title="Kind of record")
    concepts: str = Field(default="", title="Concepts")
    first_year: OptionalNumber = Field(default=None, title="First year")
    last_year: OptionalNumber = Field(default=None, title="Last year")
    sex: Text = Field(title="Sex")
    age_from: int = Field(title="Age from")
    age_below: int = Field(title="Age below")


class ReasonForm(FormModel):
    """A decision with its reason."""

    reason: Text = Field(title="Reason")


class NumberForm(FormModel):
    """Up to which one."""

    number: int = Field(title="Number")


class NoForm(FormModel):
    """A button without fields."""


Form = TypeVar("Form", bound=FormModel)


def read_form(model: type[Form], values: Mapping[str, str]) -> Form:
    """The form's values. Raises Refusal `bad-form` naming the first field that does not fit, never its value."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
    name = str(problem["loc"][0]) if problem["loc"] else ""
    known = model.model_fields.get(name)
    label = known.title if known is not None and known.title else "A field"
    what = COMPLAINTS.get(problem["type"], "does not belong here" if known is None else "is not valid")
    raise Refusal("bad-form", f"{label} {what}.", "Correct it and send the form again.")


def most_fields(path: str) -> int:
    """How many fields a form at this path may have."""
    return MOST_LONG_FIELDS if path.startswith(LONG_FORMS) else MOST_FIELDS


def longest_body(path: str) -> int:
    """How many bytes."""
    return LONGEST_LONG_BODY if path.startswith(LONG_FORMS) else LONGEST_BODY


async def read_values(request: Request) -> Mapping[str, str]:
    """The text fields of a posted form, without the form token; files are not taken."""
    form = await request.form(max_files=0, max_fields=most_fields(request.url.path))
    return {name: value for name, value in form.items() if isinstance(value, str) and name != XSRF}


async def check_form_token(request: Request, visitor: Annotated[SignedIn, Depends(identify)]) -> None:
    """The dependency of every POST. Raises Refusal `form-expired` without the session's own token."""
    shown = (await request.form(max_files=0, max_fields=most_fields(request.url.path))).get(XSRF, "")
    visitor.check_xsrf(shown if isinstance(shown, str) else "")


ValuesNow = Annotated[Mapping[str, str], Depends(read_values)]

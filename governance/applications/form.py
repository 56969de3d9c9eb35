"""The form of an application as data: sections, fields, what each is for and what it may hold. The pages, the checks
and the documentation are made from here, so that no field is asked for in one place and forgotten in another.
"""

from __future__ import annotations

from collections.abc import Iterator

from governance.applications.fields import Field, Section, Shape, day, line, rows, text, word
from governance.applications.kinds import Kind
from governance.cohort import EARLIEST_YEAR, LATEST_YEAR, Sex
from governance.registry.validation import MOST_CODES
from governance.roles import Mode, ProjectRole, Purpose

ABOUT = Section(
    "about",
    "What it is for",
    "Written for somebody who knows nothing of the subject.",
    (
        line("title", "Title", "What people will call the project.", public=True),
        line(
            "slug",
            "Short name",
            "Lowercase letters, digits and single hyphens, letter first; for example gi-bleed. It never changes.",
            most=30,
        ),
        text("why", "Why", "The question, and what will be done with the answer."),
        text("lay_summary", "Summary for the public", "Two or three paragraphs without technical words.", public=True),
        text("public_benefit", "Public benefit", "Who will be better off, how, and when.", public=True),
    ),
)
LAWFULNESS = Section(
    "lawfulness",
    "What it stands on",
    "References to papers that exist; their last days are enforced.",
    (
        line(
            "legal_basis",
            "Legal basis",
            "Article of the UK GDPR and, where it applies, the approval under section 251.",
            public=True,
        ),
        day(
            "legal_basis_until",
            "Legal basis holds until",
            "Leave empty if it has no last day.",
            required=False,
            renewable=True,
        ),
        line(
            "dpia_reference", "Impact assessment", "Reference of the data protection impact assessment.", renewable=True
        ),
        day(
            "dpia_until",
            "Impact assessment holds until",
            "Leave empty if it has no last day.",
            required=False,
            renewable=True,
        ),
        line(
            "ethics_reference",
            "Ethics approval",
            "Reference of the committee's opinion, where projects of this purpose need one.",
            required=False,
            renewable=True,
        ),
        day(
            "ethics_until",
            "Ethics approval holds until",
            "Its last day; needed with a reference.",
            required=False,
            renewable=True,
        ),
        line(
            "ethics_not_needed",
            "Why no ethics approval is needed",
            "Where none is needed for this purpose.",
            required=False,
        ),
        line("sponsor", "Sponsor", "The organisation that answers for the project.", public=True),
        line("funder", "Funder", "Who pays for the work; 'none' if nobody does.", public=True),
    ),
)
PEOPLE = Section(
    "people",
    "Who does it",
    "Each person must be registered here; approval makes them members with these roles.",
    (
        Field(
            "organisations",
            "Organisations",
            "Registered organisations that take part, one a line.",
            Shape.LINES,
            most=50,
            public=True,
        ),
        rows(
            "people",
            "People",
            "Everybody who will see data, each by the whole subject that the identity provider knows them by.",
            200,
            (
                line("subject", "Subject", "Whole and exact; names can be alike, subjects cannot."),
                word("role", "Role", "One principal investigator at least.", tuple(role.value for role in ProjectRole)),
            ),
            renewable=True,
        ),
    ),
)
DATA = Section(
    "data",
    "Data wanted",
    "Only what the question needs. Each table and each column with a reason of its own.",
    (
        rows(
            "data",
            "Tables",
            "Tables and columns of the catalogue. Reference tables may be wanted whole.",
            100,
            (
                line("table", "Table", "Name in the catalogue."),
                text("justification", "Why this table", "What it is needed for."),
                rows(
                    "columns",
                    "Columns",
                    "Each with the reason; empty for a whole reference table.",
                    500,
                    (
                        line("name", "Column", "Name in the catalogue."),
                        text("justification", "Why this column", "What for."),
                    ),
                    required=False,
                ),
                day("starts", "From", "Only rows of this day and later; empty: no bound.", required=False),
                day("ends", "To", "Only rows of this day and earlier; empty: no bound.", required=False),
                Field(
                    "codes",
                    "Codes",
                    "Only rows with one of these concept ids; empty: all.",
                    Shape.NUMBERS,
                    required=False,
                    most=MOST_CODES,
                ),
            ),
        ),
        Field(
            "cohort_conditions",
            "Only people with",
            "Lines of the form table.column=id,id; each must hold. Empty: everybody.",
            Shape.LINES,
            required=False,
            most=50,
        ),
        Field(
            "born_after",
            "Born after",
            "Year; empty: no bound.",
            Shape.NUMBER,
            required=False,
            low=EARLIEST_YEAR,
            high=LATEST_YEAR,
        ),
        Field(
            "born_before",
            "Born before",
            "Year; empty: no bound.",
            Shape.NUMBER,
            required=False,
            low=EARLIEST_YEAR,
            high=LATEST_YEAR,
        ),
        word("sex", "Sex", "Empty: both.", tuple(sex.value for sex in Sex), required=False),
        Field("registered", "Only people registered with a practice", "Yes or no.", Shape.FLAG, required=False),
    ),
)
USE = Section(
    "use",
    "How it is used",
    "Decides which opt-outs apply and what the gateway answers.",
    (
        word(
            "purpose",
            "Purpose",
            "Why data is used; decides whose data is left out.",
            tuple(purpose.value for purpose in Purpose),
            public=True,
        ),
        word(
            "mode", "What is answered", "Protected counts and averages, or records.", tuple(mode.value for mode in Mode)
        ),
        text(
            "mode_reason",
            "Why records are needed",
            "Needed where records are asked for: why counts do not do.",
            required=False,
        ),
        rows(
            "outputs",
            "Intended outputs",
            "What will be published. What leaves later is held against this list.",
            100,
            (
                line("title", "Output", "For example: Table 2, rates by age and sex."),
                text("description", "About it", "Rows, columns, smallest groups.", required=False),
            ),
            public=True,
        ),
    ),
)
PERIOD = Section(
    "period",
    "From when to when",
    "The project ends by itself after its last day.",
    (
        day("starts", "First day", "When work begins.", public=True),
        day("ends", "Last day", "At most five years after the first.", public=True, renewable=True),
        Field(
            "fee_pence",
            "Processing fee",
            "In pence, excluding tax; 0 if there is none. Data are never sold.",
            Shape.NUMBER,
            high=10**10,
            renewable=True,
        ),
    ),
)
FORM: tuple[Section, ...] = (ABOUT, LAWFULNESS, PEOPLE, DATA, USE, PERIOD)
FIELDS = {one.name: one for section in FORM for one in section.fields}


def fields_of(kind: Kind) -> Iterator[Field]:
    """The fields that an application of this kind may change: a renewal only those of time, papers and people."""
    return (one for one in FIELDS.values() if kind is not Kind.RENEWAL or one.renewable)

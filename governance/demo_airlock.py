"""What the demonstration's airlock needs beside its people: where they are written to, what projects mean to publish.

The addresses are of a domain that nobody can own (RFC 2606); without a mail server, letters are files.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from governance.demo_register import ACTOR, PEOPLE
from governance.registry.addresses import set_mail_address
from governance.registry.intended import add_intended_output
from governance.store import Store
from governance.store.notices import MailAddress
from governance.store.projects import IntendedOutput

DOMAIN = "northbridge.example"
#: Project -> what its application says it will publish: title, description.
INTENDED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "diabetes-care": (
        ("Cohort by age, sex and control of blood sugar", "First table of the paper"),
        ("Complications by control of blood sugar", "Main result: hazard ratios with their intervals"),
    ),
    "winter-pressure": (
        ("Emergency admissions by week and practice area", "Monthly report to the winter planning group"),
    ),
}


def load_demo_airlock(store: Store) -> None:
    """Add what is missing; who has an address, and a project that ever had a list, are left alone. Idempotent."""
    with store.reading() as session:
        written = set(session.scalars(select(MailAddress.subject)))
        listed = set(session.scalars(select(IntendedOutput.project_slug)))
    for person in PEOPLE:
        if person.subject not in written:
            address = f"{person.subject}@{DOMAIN}"
            set_mail_address(store, actor=ACTOR, subject=person.subject, address=address)
    for project in INTENDED.keys() - listed:
        for title, description in INTENDED[project]:
            add_intended_output(store, actor=ACTOR, slug=project, title=title, description=description)

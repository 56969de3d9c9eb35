"""The accounts of the demonstration, as the sign-in page shows them."""

from __future__ import annotations

from dataclasses import dataclass

from governance.demo_register import OUTSIDER, PEOPLE, DemoPerson
from governance.roles import Role


@dataclass(frozen=True)
class DemoAccount:
    """One button of the sign-in page."""

    subject: str
    name: str
    about: str


def _about(person: DemoPerson) -> str:
    if person.about:
        return person.about
    if person.projects:
        *others, last = person.projects
        return f"Researcher in {', '.join(others)}{' and ' * bool(others)}{last}"
    words = {
        Role.OUTPUT_CHECKER: "output checker",
        Role.ADMINISTRATOR: "administrator",
        Role.DATA_STEWARD: "data steward",
        Role.KEYHOLDER: "keyholder",
    }
    return " and ".join(words.get(role, str(role)) for role in person.roles).capitalize() + ", member of no project"


ACCOUNTS: tuple[DemoAccount, ...] = (
    *(DemoAccount(person.subject, person.name, _about(person)) for person in PEOPLE),
    DemoAccount(OUTSIDER, "Olive Strand", "Known to the identity provider, registered nowhere: is turned away"),
)

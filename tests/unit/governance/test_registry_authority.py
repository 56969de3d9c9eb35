"""Who may change the register: the operator and services; people only with the role, and never for themselves."""

from __future__ import annotations

import os
import pwd
from datetime import timedelta

import pytest

from governance import registry
from governance.clock import today
from governance.cohort import Cohort
from governance.refusal import Refusal
from governance.registry.authority import check_can_change, find_organisation, find_person, find_project
from governance.roles import Role
from governance.store import Store

pytestmark = pytest.mark.slow  # every combination: several seconds together

SOON = today() + timedelta(days=30)
WHERE = "gi-bleed"

#: Every action an administrator may take, with arguments that would work.
ADMINISTRATION: dict[str, dict[str, object]] = {
    "add_organisation": {"name": "New"},
    "renew_agreement": {"name": "Northbridge University", "until": SOON},
    "add_person": {"subject": "new", "name": "N", "organisation": "Northbridge University"},
    "suspend_person": {"subject": "researcher-b"},
    "give_role": {"subject": "checker-a", "role": "auditor"},
    "withdraw_role": {"subject": "checker-a", "role": "output_checker"},
    "record_training": {"subject": "researcher-b", "course": "safe-researcher", "expires": SOON},
    "create_project": {
        "slug": "new",
        "title": "T",
        "purpose": "national",
        "mode": "aggregate",
        "profile": "hes",
        "ends": SOON,
    },
    "change_project": {"slug": WHERE, "title": "T"},
    "add_member": {"slug": "respiratory", "subject": "researcher-a", "role": "researcher", "until": SOON},
    "remove_member": {"slug": WHERE, "subject": "researcher-b"},
}
STEWARDSHIP: dict[str, dict[str, object]] = {
    "grant_table": {"slug": WHERE, "table": "person"},
    "revoke_grant": {"slug": WHERE, "table": "*"},
    "set_cohort": {"slug": WHERE, "cohort": Cohort(born_after=1950)},
    "record_extract": {"slug": WHERE, "folder": "gi-bleed/1", "sha256": "0" * 64, "people": 1, "rows": 1},
    "record_region": {"folder": "1", "sha256": "0" * 64, "deliveries": (), "people": 1, "rows": 1},
}


def act(store: Store, action: str, actor: str) -> str:
    """The refusal's code, or "" if it was done."""
    arguments = (ADMINISTRATION | STEWARDSHIP)[action]
    try:
        getattr(registry, action)(store, actor=actor, **arguments)
    except Refusal as refusal:
        return refusal.code
    return ""


@pytest.mark.parametrize("action", ADMINISTRATION | STEWARDSHIP)
def test_each_action_needs_a_role(demo_register: Store, action: str) -> None:
    assert act(demo_register, action, "researcher-a") == "role-missing"
    assert act(demo_register, action, "checker-b") == "role-missing"
    assert act(demo_register, action, "outsider") == "not-registered"
    assert act(demo_register, action, "") == "not-registered"
    assert act(demo_register, action, "admin") == ""


@pytest.mark.parametrize("action", ["grant_table", "create_project"])
@pytest.mark.parametrize("actor", ["operator:somebody", "service:demo"])
def test_operator_and_services_are_trusted(demo_register: Store, action: str, actor: str) -> None:
    assert act(demo_register, action, actor) == ""


@pytest.mark.parametrize("action", STEWARDSHIP)
def test_an_administrator_grants_no_data(demo_register: Store, action: str) -> None:
    registry.withdraw_role(demo_register, actor="operator:x", subject="admin", role="data_steward")
    assert act(demo_register, action, "admin") == "role-missing"


@pytest.mark.parametrize("action", ADMINISTRATION)
def test_a_steward_administers_nothing(demo_register: Store, action: str) -> None:
    registry.withdraw_role(demo_register, actor="operator:x", subject="admin", role="administrator")
    assert act(demo_register, action, "admin") == "role-missing"


@pytest.mark.parametrize("action", ADMINISTRATION | STEWARDSHIP)
def test_a_suspended_administrator_does_nothing(demo_register: Store, action: str) -> None:
    registry.suspend_person(demo_register, actor="operator:x", subject="admin")
    assert act(demo_register, action, "admin") == "person-suspended"


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("give_role", {"role": "auditor"}),
        ("record_training", {"course": "safe-researcher", "expires": SOON}),
        ("add_member", {"slug": WHERE, "role": "researcher", "until": SOON}),
        ("restore_person", {}),
    ],
)
def test_nobody_approves_themselves(demo_register: Store, action: str, arguments: dict[str, object]) -> None:
    with pytest.raises(Refusal) as refused:
        getattr(registry, action)(demo_register, actor="admin", subject="admin", **arguments)
    assert refused.value.code == "own-approval"


def test_operator_is_the_unix_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "somebody-else")
    assert registry.operator() == f"operator:{pwd.getpwuid(os.getuid()).pw_name}"


def test_operator_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_001)  # a container's user without an entry
    assert registry.operator() == "operator:4000000001"


def test_finding(demo_register: Store) -> None:
    with demo_register.reading() as session:
        assert find_person(session, "admin").name == "Ade Holt"
        assert find_project(session, WHERE).slug == WHERE
        assert find_organisation(session, "Northbridge NHS ICB").kind == "nhs_body"
        check_can_change(session, "admin", Role.ADMINISTRATOR)
        for find, code in (
            (find_person, "no-such-person"),
            (find_project, "no-such-project"),
            (find_organisation, "no-such-organisation"),
        ):
            with pytest.raises(Refusal) as refused:
                find(session, "nothing")
            assert refused.value.code == code

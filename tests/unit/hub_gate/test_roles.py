"""Roles come from live memberships and reach no further."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from governance.clock import today
from governance.refusal import Refusal
from governance.registry import record_training, remove_member, suspend_person
from governance.store import Store
from hub.roles import Standing, read_standing, roles_of

ROLE_NAME = re.compile(r"[a-z][a-z0-9\-_~\.]{1,253}[a-z0-9]")  # JupyterHub's rule
FORBIDDEN = {"self", "inherit", "tokens", "shares", "admin-ui", "admin:users", "admin:servers", "servers", "users"}


def standing_of(store: Store, subject: str) -> Standing:
    with store.reading() as session:
        return read_standing(session, subject)


def scopes_of(standing: Standing) -> set[str]:
    return {scope for role in roles_of(standing) for scope in role["scopes"]}


def test_a_member_reaches_the_servers_of_their_own_projects(demo_register: Store) -> None:
    assert standing_of(demo_register, "researcher-a") == Standing("researcher-a", ("gi-bleed",))
    servers = {scope for scope in scopes_of(standing_of(demo_register, "researcher-b")) if "!server=" in scope}
    kinds = ("access:servers", "read:servers", "start:servers", "delete:servers")
    projects = ("gi-bleed", "respiratory")
    assert servers == {f"{kind}!server=researcher-b/{slug}" for kind in kinds for slug in projects}


@pytest.mark.parametrize("subject", ["checker-a", "checker-b", "admin"])
def test_who_is_no_member_reaches_no_server(demo_register: Store, subject: str) -> None:
    scopes = scopes_of(standing_of(demo_register, subject))
    assert not {scope for scope in scopes if "servers" in scope}
    assert "access:services!service=portal" in scopes


def test_no_role_is_wider_than_its_filter(demo_register: Store) -> None:
    for subject in ("researcher-a", "researcher-b", "checker-a", "admin"):
        for scope in scopes_of(standing_of(demo_register, subject)):
            name, filtered, value = scope.partition("!")
            assert filtered and name not in FORBIDDEN
            assert value == "user" or value.startswith(("server=", "service="))


def test_an_unregistered_person_has_no_standing(demo_register: Store) -> None:
    with pytest.raises(Refusal, match="not-registered"):
        standing_of(demo_register, "outsider")


def test_a_suspended_person_has_no_standing(demo_register: Store) -> None:
    suspend_person(demo_register, actor="admin", subject="researcher-a")
    with pytest.raises(Refusal, match="person-suspended"):
        standing_of(demo_register, "researcher-a")


def test_expired_training_leaves_the_portal_only(demo_register: Store) -> None:
    past = today() - timedelta(days=1)
    record_training(
        demo_register, actor="admin", subject="researcher-a", course="Safe researcher training", expires=past
    )
    assert standing_of(demo_register, "researcher-a") == Standing("researcher-a")


def test_a_removed_membership_is_gone(demo_register: Store) -> None:
    remove_member(demo_register, actor="admin", slug="gi-bleed", subject="researcher-b")
    assert standing_of(demo_register, "researcher-b").projects == ("respiratory",)


def test_look_alike_subjects_never_share_a_role() -> None:
    names = [
        {role["name"] for role in roles_of(Standing(subject, ("p",)))}
        for subject in ("Researcher-a", "researcher-a", "researcher-A", "researcher_a", "auth0|researcher-a")
    ]
    assert len(set().union(*names)) == sum(len(each) for each in names)
    assert all(ROLE_NAME.fullmatch(name) for each in names for name in each)

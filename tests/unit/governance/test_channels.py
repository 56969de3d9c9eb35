"""Channels are opened for members in force only, closed for good, one hub channel for each person and project."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import select

from governance import registry
from governance.audit import read_events
from governance.channels import (
    OpenChannel,
    close_channel,
    close_channels_of,
    find_channel_of_secret,
    open_channel,
    which_are_open,
)
from governance.clock import now
from governance.refusal import Refusal
from governance.store import Store
from governance.store.channels import Channel
from governance.store.people import Person

WHO, WHERE = "researcher-b", "gi-bleed"


def still_open(store: Store) -> set[str]:
    with store.reading() as session:
        return set(session.scalars(select(Channel.id).where(Channel.closed_at.is_(None))))


def test_a_channel_holds_the_tokens_hash_only(demo_register: Store) -> None:
    opened = open_channel(demo_register, subject=WHO, project=WHERE, token="secret-token")
    with demo_register.reading() as session:
        channel = session.get_one(Channel, opened)
        assert channel.token_sha256 == hashlib.sha256(b"secret-token").hexdigest()
        *_, event = read_events(session)
        assert (event.event, event.actor, event.project) == ("workspace.opened", WHO, WHERE)
        assert "secret-token" not in event.detail
        assert channel.token_sha256 not in event.detail
    assert len(opened) == 32


def test_who_is_not_in_force_gets_none(demo_register: Store) -> None:
    for subject, project in (("outsider", WHERE), ("researcher-a", "respiratory"), ("checker-a", WHERE)):
        with pytest.raises(Refusal):
            open_channel(demo_register, subject=subject, project=project, token="t")
    assert still_open(demo_register) == set()


@pytest.mark.parametrize("wrong", [{"kind": "postman"}, {"token": ""}])
def test_a_channel_of_another_form_is_a_mistake_of_ours(demo_register: Store, wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="known kind"):
        open_channel(demo_register, **{"subject": WHO, "project": WHERE, "token": "t", **wrong})


def test_a_new_hub_channel_closes_the_one_before(demo_register: Store) -> None:
    first = open_channel(demo_register, subject=WHO, project=WHERE, token="t")
    operator = open_channel(demo_register, subject=WHO, project=WHERE, token="t", kind="operator")
    other = open_channel(demo_register, subject=WHO, project="respiratory", token="t")
    second = open_channel(demo_register, subject=WHO, project=WHERE, token="t")
    assert still_open(demo_register) == {operator, other, second}
    assert first != second


def test_closing_is_for_good_and_audited_once(demo_register: Store) -> None:
    opened = open_channel(demo_register, subject=WHO, project=WHERE, token="t")
    close_channel(demo_register, opened, actor="service:hub")
    close_channel(demo_register, opened)
    close_channel(demo_register, "no-such-channel")
    with demo_register.reading() as session:
        closed = [event for event in read_events(session) if event.event == "workspace.closed"]
        assert [(event.actor, event.project) for event in closed] == [("service:hub", WHERE)]


def test_closing_all_of_a_pair_leaves_the_others(demo_register: Store) -> None:
    for kind in ("hub", "operator"):
        open_channel(demo_register, subject=WHO, project=WHERE, token="t", kind=kind)
    other = open_channel(demo_register, subject=WHO, project="respiratory", token="t")
    close_channels_of(demo_register, subject=WHO, project=WHERE)
    assert still_open(demo_register) == {other}
    with demo_register.reading() as session:
        assert [event.actor for event in read_events(session)][-2:] == [WHO, WHO]


def test_removing_a_member_leaves_their_other_project_open(demo_register: Store) -> None:
    open_channel(demo_register, subject=WHO, project=WHERE, token="t")
    other = open_channel(demo_register, subject=WHO, project="respiratory", token="t")
    registry.remove_member(demo_register, actor="operator:x", slug=WHERE, subject=WHO)
    assert still_open(demo_register) == {other}


def test_a_sidecars_secret_finds_its_open_channel_and_nothing_else(demo_register: Store) -> None:
    opened = open_channel(demo_register, subject=WHO, project=WHERE, token="t", gate_secret="s" * 64)
    found = find_channel_of_secret(demo_register, "s" * 64)
    assert found == OpenChannel(opened, WHO, WHERE)
    for wrong in ("", "t", "s" * 63, "S" * 64, hashlib.sha256(b"s" * 64).hexdigest()):
        assert find_channel_of_secret(demo_register, wrong) is None
    assert which_are_open(demo_register, [opened, "other"]) == {opened}
    close_channel(demo_register, opened)
    assert find_channel_of_secret(demo_register, "s" * 64) is None
    assert which_are_open(demo_register, [opened]) == frozenset()


def test_a_channel_without_a_gate_is_found_by_no_secret(demo_register: Store) -> None:
    open_channel(demo_register, subject=WHO, project=WHERE, token="t")
    assert find_channel_of_secret(demo_register, "") is None


def test_two_channels_of_one_secret_are_nobodys(demo_register: Store) -> None:
    for subject in ("researcher-a", WHO):
        open_channel(demo_register, subject=subject, project=WHERE, token="t", gate_secret="same")
    assert find_channel_of_secret(demo_register, "same") is None


def test_who_is_suspended_is_not_found(demo_register: Store) -> None:
    open_channel(demo_register, subject=WHO, project=WHERE, token="t", gate_secret="s")
    with demo_register.transaction() as session:
        session.get_one(Person, WHO).suspended_at = now()  # the very row, so that the channel stays open
    assert find_channel_of_secret(demo_register, "s") is None

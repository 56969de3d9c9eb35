"""Channels are opened for members in force only, closed for good, one hub channel for each person and project."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import select

from governance import registry
from governance.audit import read_events
from governance.channels import close_channel, close_channels_of, open_channel
from governance.refusal import Refusal
from governance.store import Store
from governance.store.channels import Channel

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

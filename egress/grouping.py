"""What an author does with groups of files before submitting: make, describe, take apart, sort files into them."""

from __future__ import annotations

from egress.airlock import Airlock
from egress.ballots import live_files
from egress.groups import Words, find_group, live_groups
from egress.moving import find_request, note
from egress.names import clean_title
from egress.policies import check_can_edit
from egress.states import Action
from governance.refusal import Refusal
from governance.store.airlock import EgressGroup, EgressRequest

MOST_GROUPS = 50


def add_group(airlock: Airlock, *, actor: str, request_id: str, name: str, words: Words) -> int:
    """A new group of an editable request; returns its number.

    Raises Refusal `group-name`, `too-many-groups`, `text-too-long`, `bad-number` and those of check_can_edit.
    """
    title, cleaned = clean_title(name), words.cleaned()
    with airlock.store.transaction() as session:
        request = find_request(session, actor, request_id)
        check_can_edit(session, actor, request, Action.GROUP)
        _check_name(request, title)
        group = EgressGroup(name=title)
        cleaned.write_to(group)
        request.groups.append(group)
        session.flush()
        note(session, request, Action.GROUP, actor=actor, group=group.id, change="added")
        return group.id


def describe_group(airlock: Airlock, *, actor: str, request_id: str, group: int, name: str, words: Words) -> None:
    """Replace name and words of a group. Raises Refusal `no-such-group` and those of add_group."""
    title, cleaned = clean_title(name), words.cleaned()
    with airlock.store.transaction() as session:
        request = find_request(session, actor, request_id)
        check_can_edit(session, actor, request, Action.GROUP)
        row = find_group(request, group)
        _check_name(request, title, apart_from=group)
        row.name = title
        cleaned.write_to(row)
        note(session, request, Action.GROUP, actor=actor, group=group, change="described")


def remove_group(airlock: Airlock, *, actor: str, request_id: str, group: int) -> None:
    """Take a group apart: its files stay in the request, in no group. Raises Refusal `no-such-group`."""
    with airlock.store.transaction() as session:
        request = find_request(session, actor, request_id)
        check_can_edit(session, actor, request, Action.GROUP)
        find_group(request, group).withdrawn_turn = request.turn
        for file in live_files(request):
            if file.group_id == group:
                file.group_id = None
        note(session, request, Action.GROUP, actor=actor, group=group, change="removed")


def sort_file(airlock: Airlock, *, actor: str, request_id: str, file_id: int, group: int | None) -> None:
    """Put a file into a group, or into none. Raises Refusal `no-such-file`, `no-such-group`."""
    with airlock.store.transaction() as session:
        request = find_request(session, actor, request_id)
        check_can_edit(session, actor, request, Action.GROUP)
        if group is not None:
            find_group(request, group)
        found = [file for file in live_files(request) if file.id == file_id]
        if not found:
            raise Refusal("no-such-file", "There is no such file in this request.", "Open the request again.")
        found[0].group_id = group
        note(session, request, Action.GROUP, actor=actor, group=group, file=file_id, change="sorted")


def _check_name(request: EgressRequest, name: str, apart_from: int | None = None) -> None:
    if not name:
        raise Refusal("group-name", "A group of files needs a name.", "Give it one, for instance `Table 2`.")
    others = [group for group in live_groups(request) if group.id != apart_from]
    if any(group.name.casefold() == name.casefold() for group in others):
        raise Refusal("group-name", "There is a group of this name already.", "Choose another name.")
    if len(others) >= MOST_GROUPS:
        raise Refusal("too-many-groups", f"A request has at most {MOST_GROUPS} groups.", "Split it into several.")

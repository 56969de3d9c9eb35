"""Releases: whole or not at all, byte for byte, once."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from egress import limits
from egress import release as release_module
from egress.collecting import collect
from egress.drafting import add_files
from egress.ending_review import conclude_and_release
from egress.reading import read_request
from egress.release import Release, fail_interrupted, release
from egress.releasing.documents import digest
from egress.releasing.folder_store import FolderStore
from egress.releasing.parcels import Parcel
from egress.releasing.released import read_released
from egress.releasing.signing import KEY_FILE, _create_key
from egress.reviewing import conclude, reopen
from egress.states import State
from egress.submission import submit
from governance.refusal import Refusal
from governance.registry import remove_member
from governance.store.airlock import EgressFinding, EgressRequest, EgressVote
from tests.support.airlock_world import AUTHOR, BESIDE, CHECKER, PROJECT, SECOND, AirlockWorld, output
from tests.support.moving_clock import MovingClock

pytestmark = pytest.mark.slow  # every combination: over ten seconds together


@pytest.fixture
def approved(world: AirlockWorld) -> str:
    request = world.reviewed(output("a.csv"), output("b.csv", b"other"))
    assert conclude(world.airlock, actor=CHECKER, request_id=request) is State.APPROVED
    return request


def let_go(world: AirlockWorld, request_id: str, who: str = CHECKER) -> Release:
    return release(world.airlock, requested_by=who, request_id=request_id)


def area(world: AirlockWorld) -> Path:
    return world.airlock.settings.folder.releases


def test_releasing_twice_releases_once(world: AirlockWorld, approved: str) -> None:
    done = let_go(world, approved)
    events = world.events()
    assert let_go(world, approved, SECOND) == done
    assert world.events() == events
    with pytest.raises(Refusal, match="own-request"):
        let_go(world, approved, AUTHOR)


def test_one_changed_byte_fails_the_release_and_leaves_nothing(world: AirlockWorld, approved: str) -> None:
    world.flip_byte(approved, place=1)
    with pytest.raises(Refusal, match="file-changed"):
        let_go(world, approved)
    assert world.state(approved) is State.RELEASE_FAILED
    assert (world.row(approved).problem, world.events()[-1]) == ("file-changed", "egress.release_failed")
    assert list(area(world).rglob("*")) == []
    world.flip_byte(approved, place=1)
    let_go(world, approved)
    assert (world.state(approved), world.row(approved).problem) == (State.RELEASED, "")


def test_a_missing_file_fails_the_release_and_the_author_can_mend_it(world: AirlockWorld, approved: str) -> None:
    world.airlock.files.path(world.outputs(approved)[0].sha256).unlink()
    with pytest.raises(Refusal, match="file-changed"):
        let_go(world, approved)
    reopen(world.airlock, actor=CHECKER, request_id=approved, reason="The file is damaged: add it again.")
    add_files(world.airlock, actor=AUTHOR, request_id=approved, files=[output("a.csv")])
    assert submit(world.airlock, actor=AUTHOR, request_id=approved) is State.IN_REVIEW
    assert world.row(approved).problem == ""


def test_a_link_in_place_of_the_file_is_not_followed(world: AirlockWorld, approved: str, tmp_path: Path) -> None:
    kept = world.airlock.files.path(world.outputs(approved)[0].sha256)
    kept.rename(tmp_path / "same-bytes")
    kept.symlink_to(tmp_path / "same-bytes")
    with pytest.raises(Refusal, match="file-changed"):
        let_go(world, approved)


def change(world: AirlockWorld, approved: str, what: str) -> None:
    """Somebody with the database's password: what no action of ours does."""
    with world.store.transaction() as session:
        request = session.get_one(EgressRequest, approved)
        file = request.files[0]
        if what == "approval":
            session.query(EgressVote).filter_by(file_id=file.id, checker=SECOND).delete()
        elif what == "hash":
            file.sha256 = "0" * 64
        elif what == "finding":
            file.findings.append(EgressFinding(turn=request.turn, check="word", severity="FAIL"))
        elif what == "name":
            file.name = "../../escaped.csv"
        elif what == "author":
            for vote in session.query(EgressVote).filter_by(checker=SECOND):
                vote.checker = AUTHOR


@pytest.mark.parametrize(
    ("what", "code", "state"),
    [
        ("approval", "approvals-missing", State.APPROVED),
        ("hash", "approvals-missing", State.APPROVED),
        ("author", "approvals-missing", State.APPROVED),
        ("finding", "blocked", State.APPROVED),
        ("name", "bad-file-name", State.RELEASE_FAILED),
    ],
)
def test_a_tampered_register_releases_nothing(
    world: AirlockWorld, approved: str, what: str, code: str, state: State
) -> None:
    change(world, approved, what)
    with pytest.raises(Refusal, match=code):
        let_go(world, approved)
    assert world.state(approved) is state
    assert list(area(world).rglob("*.csv")) == []


def test_the_author_must_be_in_force_at_the_release(world: AirlockWorld) -> None:
    request = world.reviewed()
    world.train(AUTHOR, days=-1)
    assert conclude_and_release(world.airlock, actor=CHECKER, request_id=request) is State.APPROVED
    with pytest.raises(Refusal, match="training-expired"):
        let_go(world, request)
    world.train(AUTHOR)
    remove_member(world.store, actor="service:test", slug=PROJECT, subject=AUTHOR)
    with pytest.raises(Refusal, match="not-a-member"):
        let_go(world, request)


def test_the_days_budget_holds_and_begins_anew(world: AirlockWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    tight = limits.AirlockLimits(daily=limits.Amounts(200, 30, 100_000))
    monkeypatch.setattr(limits, "LIMITS", {("nhs-sde", "out"): tight})
    clock = MovingClock()
    clock.install(monkeypatch)
    first, second = (world.reviewed(output("a.csv", content)) for content in (b"x" * 20, b"y" * 20))
    for request in (first, second):
        conclude(world.airlock, actor=CHECKER, request_id=request)
    let_go(world, first)
    with pytest.raises(Refusal, match="budget-spent"):
        let_go(world, second)
    clock.ahead += timedelta(days=1)
    let_go(world, second)
    large = world.draft(output("a.csv", b"z" * 31))
    with pytest.raises(Refusal, match="request-too-large"):
        submit(world.airlock, actor=AUTHOR, request_id=large)


def test_a_release_that_breaks_says_so_without_a_word_of_why(
    world: AirlockWorld, approved: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*given: object) -> None:
        raise OSError("disk full: /secret/path")

    monkeypatch.setattr(FolderStore, "publish", break_off)
    with pytest.raises(Refusal) as refused:
        let_go(world, approved)
    assert (refused.value.code, "secret" in str(refused.value)) == ("release-error", False)
    assert world.state(approved) is State.RELEASE_FAILED
    monkeypatch.undo()
    let_go(world, approved)
    fail_interrupted(world.airlock)
    assert [path.name for path in area(world).iterdir()] == [PROJECT]


def test_a_leftover_that_no_release_points_at_is_replaced(world: AirlockWorld, approved: str) -> None:
    leftover = area(world) / PROJECT / approved
    leftover.mkdir(parents=True)
    (leftover / "stray.csv").write_text("never approved")
    let_go(world, approved)
    assert {path.name for path in leftover.iterdir()} == {"a.csv", "b.csv", *BESIDE}


def test_only_a_release_under_way_can_fail(world: AirlockWorld, approved: str) -> None:
    release_module._fail(world.airlock, approved, "interrupted")
    assert (world.state(approved), world.row(approved).problem) == (State.APPROVED, "")


def test_a_service_that_stopped_in_the_middle_can_try_again(world: AirlockWorld, approved: str) -> None:
    release_module._permit(world.airlock, CHECKER, approved)
    assert world.state(approved) is State.RELEASING
    with pytest.raises(Refusal, match="wrong-state"):
        let_go(world, approved)
    assert fail_interrupted(world.airlock) == 1
    assert read_request(world.airlock, CHECKER, approved).problem == "interrupted"
    let_go(world, approved)
    assert fail_interrupted(world.airlock) == 0


def test_a_release_that_hung_while_the_request_moved_on_does_not_finish(
    world: AirlockWorld, approved: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It failed, came back, was submitted and approved anew; then the first process wakes with the old files."""
    real = FolderStore.stage

    def hang(store: FolderStore, parcel: Parcel) -> None:
        with world.store.transaction() as session:
            session.get_one(EgressRequest, approved).turn = 2
        real(store, parcel)

    monkeypatch.setattr(FolderStore, "stage", hang)
    with pytest.raises(Refusal, match="release-overtaken"):
        let_go(world, approved)
    assert list(area(world).rglob("*.csv")) == []


@pytest.mark.parametrize("broken", ["garbage", "rsa"])
def test_a_signing_key_that_cannot_be_used_stops_releases(world: AirlockWorld, approved: str, broken: str) -> None:
    key = world.airlock.settings.folder.keys / KEY_FILE
    if broken == "garbage":
        key.write_text("not a key")
    else:
        from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        other = generate_private_key(SECP256R1())
        key.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(Refusal, match="release-key-missing"):
        let_go(world, approved)
    assert world.state(approved) is State.RELEASE_FAILED


def test_the_signing_key_is_made_once_and_private(world: AirlockWorld, approved: str) -> None:
    let_go(world, approved)
    key = world.airlock.settings.folder.keys / KEY_FILE
    before = key.read_bytes()
    assert key.stat().st_mode & 0o777 == 0o600
    _create_key(key)  # a second first release at the same moment
    assert key.read_bytes() == before
    assert [path.name for path in key.parent.iterdir() if KEY_FILE in path.name] == [KEY_FILE]


@pytest.mark.parametrize("name", ["a.csv", "manifest.json"])
def test_a_released_file_that_was_changed_is_not_given_out(world: AirlockWorld, approved: str, name: str) -> None:
    done = let_go(world, approved)
    world.damage(area(world) / done.folder / name)
    events = world.events()
    with pytest.raises(Refusal, match="file-changed"):
        collect(world.airlock, actor=AUTHOR, request_id=approved, name=name)
    assert world.events() == events


@pytest.mark.parametrize("name", ["../../../register.db", "c.csv", "", "a.csv\0", "/etc/passwd"])
def test_only_released_names_can_be_fetched(world: AirlockWorld, approved: str, name: str) -> None:
    let_go(world, approved)
    with pytest.raises(Refusal, match="no-such-file"):
        collect(world.airlock, actor=AUTHOR, request_id=approved, name=name)


def test_nobody_but_the_author_fetches(world: AirlockWorld, approved: str) -> None:
    let_go(world, approved)
    for person in (CHECKER, "researcher-b", "admin"):
        with pytest.raises(Refusal):
            collect(world.airlock, actor=person, request_id=approved, name="a.csv")
    world.train(AUTHOR, days=-1)
    with pytest.raises(Refusal, match="training-expired"):
        collect(world.airlock, actor=AUTHOR, request_id=approved, name="a.csv")


def test_a_released_request_without_its_release_gives_nothing(world: AirlockWorld, approved: str) -> None:
    with world.store.transaction() as session:
        session.get_one(EgressRequest, approved).state = "released"
    with pytest.raises(Refusal, match="no-such-file"):
        collect(world.airlock, actor=AUTHOR, request_id=approved, name="a.csv")


def test_a_manifest_of_another_shape_is_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "p" / "r"
    folder.mkdir(parents=True)
    document = json.dumps({"format": 1}).encode()
    (folder / "manifest.json").write_bytes(document)
    with pytest.raises(Refusal, match="file-changed"):
        read_released(FolderStore(tmp_path), "p/r", digest(document), "a.csv")

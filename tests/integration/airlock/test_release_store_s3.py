"""Releases into a real S3-compatible store over HTTP: whole or not at all, and no secret anywhere."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from egress.airlock import Airlock
from egress.collecting import collect
from egress.recalling import recall
from egress.release import Release, fail_interrupted, release
from egress.releasing.s3_access import read_credentials
from egress.releasing.s3_store import S3Store
from egress.releasing.signing import public_key
from egress.releasing.verification import verify_release
from egress.reviewing import conclude
from egress.states import State
from governance.refusal import Refusal
from governance.settings import Settings, load_settings
from governance.store.audit_log import AuditEvent
from tests.support.airlock_world import AUTHOR, CHECKER, PROJECT, SECOND, AirlockWorld, output
from tests.support.object_store import BUCKET, KEY, SECRET, ObjectStore, object_store

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bucket() -> Iterator[ObjectStore]:
    with object_store() as store:
        yield store


@pytest.fixture
def far(world: AirlockWorld, bucket: ObjectStore) -> AirlockWorld:
    """The world with its release store in the bucket."""
    bucket.empty()
    root = world.airlock.settings.folder.root
    keys = root / "store.toml"
    keys.write_text(f'access_key_id = "{KEY}"\nsecret_access_key = "{SECRET}"\n')
    keys.chmod(0o600)
    return with_settings(world, endpoint=bucket.endpoint)


def with_settings(world: AirlockWorld, endpoint: str, **more: object) -> AirlockWorld:
    given = {
        "release_store": "s3",
        "release_s3_endpoint": endpoint,
        "release_s3_bucket": BUCKET,
        "release_s3_prefix": "/out/",
        "release_s3_credentials_file": "store.toml",
        **more,
    }
    settings = load_settings(state=world.airlock.settings.folder.root, **given)
    return AirlockWorld(replace(world.airlock, settings=settings))


def approved(world: AirlockWorld) -> str:
    request = world.reviewed(output("a.csv"), output("b.csv", b"other METADATA"))
    assert conclude(world.airlock, actor=CHECKER, request_id=request) is State.APPROVED
    return request


def let_go(world: AirlockWorld, request: str, who: str = CHECKER) -> Release:
    return release(world.airlock, requested_by=who, request_id=request)


def test_a_release_is_read_from_the_bucket_and_proven(far: AirlockWorld, bucket: ObjectStore, tmp_path: Path) -> None:
    request = approved(far)
    done = let_go(far, request)
    assert let_go(far, request, SECOND) == done
    marker = json.loads(bucket.read(f"out/{PROJECT}/{request}/release.json"))
    assert (done.folder, marker["manifest_sha256"]) == (
        f"{PROJECT}/{request}/{marker['folder']}",
        done.manifest_sha256,
    )
    proof = verify_release(
        bucket.save(f"out/{done.folder}", tmp_path / "copy"), public_key(far.airlock.settings.folder.keys)
    )
    assert proof.files == 2
    assert collect(far.airlock, actor=AUTHOR, request_id=request, name="b.csv").document == b"other "
    assert list(far.airlock.settings.folder.releases.iterdir()) == []  # nothing stays behind


def test_a_file_swapped_in_the_bucket_is_not_given_out(far: AirlockWorld, bucket: ObjectStore) -> None:
    request = approved(far)
    done = let_go(far, request)
    bucket.write(f"out/{done.folder}/a.csv", b"never approved")
    bucket.client.delete_object(Bucket=BUCKET, Key=f"out/{done.folder}/b.csv")
    for name in ("a.csv", "b.csv"):
        with pytest.raises(Refusal, match="file-changed"):
            collect(far.airlock, actor=AUTHOR, request_id=request, name=name)


def test_a_recall_lays_its_tombstone_into_the_bucket(far: AirlockWorld, bucket: ObjectStore, tmp_path: Path) -> None:
    request = approved(far)
    done = let_go(far, request)
    recall(far.airlock, actor=CHECKER, request_id=request, reason="Wrong table.")
    copy = bucket.save(f"out/{done.folder}", tmp_path / "copy")
    with pytest.raises(Refusal, match="release-recalled"):
        verify_release(copy, public_key(far.airlock.settings.folder.keys))


class Killed(BaseException):
    """The process is gone: nothing of ours runs after it."""


def kill(monkeypatch: pytest.MonkeyPatch, step: str) -> Callable[[], None]:
    real = getattr(S3Store, step)
    calls = 0

    def die(self: S3Store, *given: object) -> object:
        nonlocal calls
        calls += 1
        if step == "_put" and calls < 3:  # in the middle of the files
            return real(self, *given)
        if step == "publish":
            real(self, *given)  # the marker is there, the register does not know
        raise Killed

    monkeypatch.setattr(S3Store, step, die)
    return monkeypatch.undo


@pytest.mark.parametrize("step", ["stage", "_put", "publish"])
def test_killed_at_any_step_nothing_of_it_is_a_release(
    far: AirlockWorld, bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    request = approved(far)
    revive = kill(monkeypatch, step)
    with pytest.raises(Killed):
        let_go(far, request)
    assert far.state(request) is State.RELEASING
    revive()
    assert fail_interrupted(far.airlock) == 1
    assert (far.state(request), bucket.names()) == (State.RELEASE_FAILED, [])
    let_go(far, request)
    assert f"out/{PROJECT}/{request}/release.json" in bucket.names()
    assert far.events().count("egress.released") == 1


def test_a_store_that_does_not_answer_fails_the_release_in_our_words(
    far: AirlockWorld, bucket: ObjectStore, capfd: pytest.CaptureFixture[str]
) -> None:
    request = approved(far)
    gone = with_settings(far, endpoint="http://127.0.0.1:9")
    other = with_settings(far, endpoint=bucket.endpoint, release_s3_bucket="not-there")
    for broken in (gone, other):
        with pytest.raises(Refusal) as refused:
            let_go(broken, request)
        assert refused.value.code == "release-store-unreachable"
        assert (far.state(request), far.row(request).problem) == (State.RELEASE_FAILED, "release-store-unreachable")
    let_go(far, request)
    with pytest.raises(Refusal, match="release-store-unreachable"):
        collect(gone.airlock, actor=AUTHOR, request_id=request, name="a.csv")
    with far.store.reading() as session:
        told = " ".join(row.detail for row in session.query(AuditEvent))
    said = capfd.readouterr()
    written = [bucket.read(key) for key in bucket.names()]
    for secret in (SECRET, KEY):
        assert secret not in f"{refused.value}{told}{said.out}{said.err}{far.airlock.settings!r}"
        assert not [content for content in written if secret.encode() in content]


def test_two_releases_at_once_release_once(far: AirlockWorld, bucket: ObjectStore) -> None:
    request = approved(far)
    said: list[object] = []

    def go(airlock: Airlock, who: str) -> None:
        try:
            said.append(release(airlock, requested_by=who, request_id=request))
        except Refusal as refusal:
            said.append(refusal.code)

    threads = [threading.Thread(target=go, args=(far.airlock, who)) for who in (CHECKER, SECOND)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len([one for one in said if isinstance(one, Release)]) >= 1
    assert {one for one in said if isinstance(one, str)} <= {"wrong-state"}
    assert far.events().count("egress.released") == 1
    folders = {key.split("/")[3] for key in bucket.names() if key.count("/") > 3}
    assert len(folders) == 1


@pytest.mark.parametrize(
    ("content", "mode"),
    [
        (None, 0o600),
        ("not toml [", 0o600),
        ('access_key_id = "a"', 0o600),
        ('access_key_id = "a"\nsecret_access_key = ""', 0o600),
        ('access_key_id = "a"\nsecret_access_key = "b"\nmore = "c"', 0o600),
        ('access_key_id = "a"\nsecret_access_key = 7', 0o600),
        ('access_key_id = "a"\nsecret_access_key = "b"', 0o640),
    ],
)
def test_credentials_are_whole_and_private_or_refused(settings: Settings, content: str | None, mode: int) -> None:
    settings.folder.create()
    file = settings.folder.root / "keys.toml"
    if content is not None:
        file.write_text(content)
        file.chmod(mode)
    given = load_settings(
        state=settings.folder.root, release_store="s3", release_s3_bucket="b-1", release_s3_credentials_file=file
    )
    with pytest.raises(Refusal, match="release-store-settings"):
        read_credentials(given)


def test_a_session_token_is_taken_and_a_store_without_a_bucket_refused(settings: Settings) -> None:
    settings.folder.create()
    file = settings.folder.root / "keys.toml"
    file.write_text('access_key_id = "a"\nsecret_access_key = "b"\nsession_token = "c"')
    file.chmod(0o600)
    given = {"state": settings.folder.root, "release_store": "s3", "release_s3_credentials_file": "keys.toml"}
    assert read_credentials(load_settings(**given, release_s3_bucket="b-1"))["session_token"] == "c"
    assert S3Store.of(load_settings(**given, release_s3_bucket="b-1")).prefix == ""
    for wrong in (given, given | {"release_s3_bucket": "b-1", "release_s3_credentials_file": None}):
        with pytest.raises(Refusal, match="release-store-settings"):
            read_credentials(load_settings(**wrong))

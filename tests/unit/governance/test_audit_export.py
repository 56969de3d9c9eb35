"""An export proves itself with the public key alone; a day that is over is signed, with events or without."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from typer.testing import CliRunner

from governance.audit import append_event, export_lines, read_public_key, sign_days, verify_chain, verify_export
from governance.audit.days import days_folder
from governance.audit.signed_head import load_signing_key
from governance.clock import today
from governance.commands.audit import app
from governance.refusal import Refusal
from governance.store import Store

EVENTS = 6


@pytest.fixture
def chain(store: Store) -> Store:
    for number in range(EVENTS - 1):
        with store.transaction() as session:
            append_event(session, event="a.b", actor="ünïcode\u2028", detail={"b": number, "a": 0.1, "c": None})
    return store


@pytest.fixture
def key(chain: Store) -> Ed25519PublicKey:
    assert chain.signing_key is not None
    return load_signing_key(chain.signing_key).public_key()


def sign(store: Store, later: int) -> list[str]:
    assert store.audit_head is not None
    assert store.signing_key is not None
    with store.reading() as session:
        days = sign_days(session, store.audit_head, store.signing_key, today() + timedelta(days=later))
    return [day.day for day in days]


def lines_of(store: Store) -> list[str]:
    with store.reading() as session:
        return list(export_lines(session, store.audit_head))


def test_an_export_holds_without_the_register(chain: Store, key: Ed25519PublicKey) -> None:
    sign(chain, 3)
    lines = lines_of(chain)
    report = verify_export(iter(lines), key)
    assert (report.holds, report.events, report.unsigned, report.days) == (True, EVENTS, 0, 3)
    assert json.loads(lines[2])["detail"] == {"a": 0.1, "b": 0, "c": None}


@pytest.mark.parametrize(("line", "broken"), [(1, 1), (3, 3), (EVENTS, EVENTS)])
def test_any_line_changed_dropped_or_doubled_is_named(
    chain: Store, key: Ed25519PublicKey, line: int, broken: int
) -> None:
    whole = lines_of(chain)
    changed = whole.copy()
    changed[line] = changed[line].replace('"actor":"', '"actor":"x')
    for forged in (
        changed,
        whole[:line] + whole[line + 1 :],
        [*whole[:line], "no json", *whole[line + 1 :]],
        [*whole[:line], "[1]", *whole[line + 1 :]],
        [*whole[:line], '{"detail": {"a": 1e999}}', *whole[line + 1 :]],
    ):
        assert verify_export(iter(forged), key).broken_seq in (broken, 0), forged
    doubled = [*whole[: line + 1], whole[line], *whole[line + 1 :]]
    assert not verify_export(iter(doubled), key).holds


def test_an_end_cut_off_and_another_key_show(chain: Store, key: Ed25519PublicKey) -> None:
    whole = lines_of(chain)
    assert verify_export(iter(whole[:-2]), key).broken_seq == EVENTS - 1
    other = Ed25519PrivateKey.generate().public_key()
    assert "not signed with this key" in verify_export(iter(whole), other).reason
    headless = [json.dumps({**json.loads(whole[0]), "head": None}), *whole[1:]]
    assert "head is missing" in verify_export(iter(headless), key).reason
    for nothing in ([], [""], ["{}"], ['{"form":"sde-audit/1","days":1}']):
        with pytest.raises(Refusal) as refused:
            verify_export(iter(nothing), key)
        assert refused.value.code == "not-an-export"


def test_a_quiet_day_is_signed_too_and_no_day_twice(chain: Store) -> None:
    days = [(today() + timedelta(days=number)).isoformat() for number in range(4)]
    assert sign(chain, 0) == []
    assert sign(chain, 2) == days[:2]
    assert sign(chain, 4) == days[2:]
    assert sign(chain, 4) == []
    with chain.reading() as session:
        assert verify_chain(session, chain.audit_head, chain.signing_key).days == 4


def forge_day(file: Path) -> None:
    file.write_text(file.read_text().replace('"seq": 6', '"seq": 5'))


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        (forge_day, "not signed with this key"),
        (Path.unlink, "missing or out of order"),
        (lambda file: file.write_text("{"), "cannot be read"),
    ],
)
def test_a_forged_or_missing_day_shows(chain: Store, forge: object, reason: str) -> None:
    sign(chain, 3)
    assert chain.audit_head is not None
    forge(days_folder(chain.audit_head) / f"{today() + timedelta(days=1)}.json")  # type: ignore[operator]
    with chain.reading() as session:
        assert reason in verify_chain(session, chain.audit_head, chain.signing_key).reason


def test_a_rewritten_history_differs_from_a_day_even_with_a_head_of_its_own(chain: Store) -> None:
    """Whoever has the key can sign another head, but not change a day that was copied elsewhere."""
    sign(chain, 1)
    assert chain.audit_head is not None
    kept = {file.name: file.read_text() for file in days_folder(chain.audit_head).iterdir()}
    with chain.engine.begin() as connection:
        for trigger in ("update", "delete", "replace"):
            connection.exec_driver_sql(f"DROP TRIGGER audit_event_no_{trigger}")
        connection.exec_driver_sql("DELETE FROM audit_event WHERE seq > 2")
    chain.audit_head.unlink()
    for _ in range(EVENTS):
        with chain.transaction() as session:
            append_event(session, event="x.y", actor="owner")
    for name, text in kept.items():
        (days_folder(chain.audit_head) / name).write_text(text)
    with chain.reading() as session:
        report = verify_chain(session, chain.audit_head, chain.signing_key)
    assert (report.broken_seq, report.reason[:12]) == (EVENTS, "differs from")


def test_the_commands(chain: Store, key: Ed25519PublicKey, tmp_path: Path) -> None:
    chain.close()
    run = CliRunner().invoke
    pem, file = tmp_path / "public.pem", tmp_path / "audit.jsonl"
    pem.write_text(run(app, ["public-key"]).output)
    assert read_public_key(pem.read_bytes()) == key
    assert pem.read_bytes().strip() == key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).strip()
    assert f"{EVENTS} events written" in run(app, ["export", str(file)]).output
    assert file.stat().st_mode & 0o777 == 0o600
    assert "OK: 6 events" in run(app, ["verify", str(file), "--key", str(pem)]).output
    file.write_text(file.read_text().replace("a.b", "a.c", 1))
    broken = run(app, ["verify", str(file), "--key", str(pem)])
    assert (broken.exit_code, "BROKEN at event 2 (a.c)" in broken.output) == (1, True)
    assert "0 days signed" in run(app, ["days"]).output
    for wrong in (["verify", str(file)], ["verify", str(tmp_path / "no"), "--key", str(pem)]):
        assert isinstance(run(app, wrong).exception, Refusal)


def test_no_public_key_is_no_key() -> None:
    with pytest.raises(Refusal) as refused:
        read_public_key(b"nonsense")
    assert refused.value.code == "bad-public-key"


def test_days_begin_with_the_first_event(store: Store) -> None:
    assert sign(store, 0) == []
    assert date.fromisoformat(sign(store, 1)[0]) == today()

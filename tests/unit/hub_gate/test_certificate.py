"""Which pairs of certificate and key the edge starts with."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance.refusal import Refusal
from governance.settings import Settings, load_settings
from hub.addresses import check_public_url, known_hosts
from hub.certificate import make_context, read_certificate
from hub.configure import _set_pages
from hub.doctor.finding import Verdict
from hub.doctor.installation import check_address
from hub.edge.tls import Tls
from tests.support.own_certificate import write_pair


def with_tls(settings: Settings, **more: object) -> Settings:
    folder = settings.folder.root / "tls"
    if not folder.exists():
        write_pair(folder)
    names = {"tls_certificate_file": "tls/certificate.pem", "tls_key_file": "tls/key.pem"}
    return load_settings(**{**names, **more})


def code_of(settings: Settings) -> str:
    with pytest.raises(Refusal) as caught:
        Tls.of(settings)
    return caught.value.code


def test_a_good_pair_is_read(settings: Settings) -> None:
    assert read_certificate(settings) is None
    found = read_certificate(with_tls(settings))
    assert found is not None and found.names == ("127.0.0.1",)
    assert make_context(found).minimum_version.name == "TLSv1_2"


def test_pairs_that_are_not_good_are_refused_by_name(settings: Settings, tmp_path: Path) -> None:
    folder = settings.folder.root / "tls"
    assert (
        code_of(load_settings(tls_key_file="x")) == code_of(load_settings(tls_certificate_file="x")) == "tls-incomplete"
    )
    assert code_of(with_tls(settings, tls_certificate_file="none.pem")) == "tls-unreadable"
    assert code_of(with_tls(settings, tls_key_file="none.pem")) == "tls-unreadable"
    (folder / "text.pem").write_text("no certificate")
    assert code_of(with_tls(settings, tls_certificate_file="tls/text.pem")) == "tls-unreadable"
    for mode in (0o644, 0o640, 0o604):
        (folder / "key.pem").chmod(mode)
        assert code_of(with_tls(settings)) == "tls-key-open"
    write_pair(folder, password=b"locked")
    assert code_of(with_tls(settings)) == "tls-unreadable"
    write_pair(folder)
    other = write_pair(tmp_path / "other")[1]
    assert code_of(with_tls(settings, tls_key_file=str(other))) == "tls-mismatch"
    for days in ({"begins": -9, "ends": -1}, {"begins": 1, "ends": 9}):
        write_pair(folder, **days)
        assert code_of(with_tls(settings)) == "tls-out-of-date"


def test_the_address_becomes_https_and_cookies_are_secure(settings: Settings) -> None:
    from traitlets.config import Config

    secured = with_tls(settings, port=8443)
    assert secured.url == "https://127.0.0.1:8443"
    check_public_url(secured)
    assert known_hosts(with_tls(settings, port=443)) == {"127.0.0.1", "127.0.0.1:443"}
    with pytest.raises(Refusal, match="bad-settings"):
        check_public_url(with_tls(settings, public_url="http://sde.example.org"))
    config = Config()
    _set_pages(config, secured)
    assert config.JupyterHub.tornado_settings["cookie_options"]["secure"] is True


def test_the_doctor_tells_when_it_ends_and_whom_it_names(settings: Settings) -> None:
    folder = settings.folder.root / "tls"
    found = check_address(with_tls(settings))
    assert found.verdict is Verdict.OK and "its certificate ends on 20" in found.what
    write_pair(folder, ends=10)
    assert check_address(with_tls(settings)).verdict is Verdict.WEAKER
    write_pair(folder, host="sde.example.org")
    assert check_address(with_tls(settings)).verdict is Verdict.BROKEN
    assert check_address(with_tls(settings, public_url="https://sde.example.org")).verdict is Verdict.OK
    write_pair(folder, host="*.example.org")
    assert check_address(with_tls(settings, public_url="https://sde.example.org")).verdict is Verdict.OK
    assert check_address(with_tls(settings, public_url="https://a.sde.example.org")).verdict is Verdict.BROKEN


def test_a_renewed_pair_is_taken_up_and_a_bad_one_is_not(settings: Settings) -> None:
    folder = settings.folder.root / "tls"
    tls = Tls.of(with_tls(settings))
    assert tls is not None
    first = tls.context
    tls.look()
    assert tls.context is first
    write_pair(folder)
    tls.look()
    second = tls.context
    assert second is not first
    (folder / "key.pem").chmod(0o644)
    tls.look()
    assert tls.context is second
    (folder / "key.pem").unlink()
    tls.look()
    assert tls.context is second
    write_pair(folder)
    tls.look()
    assert tls.context is not second

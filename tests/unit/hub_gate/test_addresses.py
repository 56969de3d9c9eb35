"""The gateway's own addresses."""

from __future__ import annotations

import pytest

from governance.refusal import Refusal
from governance.settings import Settings, load_settings
from hub.addresses import check_public_url, is_loopback, known_hosts, local_host, netloc_of


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.9.10"])
def test_loopback_is_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "localhost.example.org", ""])
def test_everything_else_is_the_network(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("url", "netloc"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("https://SDE.example.org", "sde.example.org"),
        ("https://sde.example.org:443/", "sde.example.org"),
        ("http://sde.example.org:80", "sde.example.org"),
        ("https://sde.example.org:80", "sde.example.org:80"),
    ],
)
def test_a_host_is_named_as_browsers_do(url: str, netloc: str) -> None:
    assert netloc_of(url) == netloc


def test_the_gateway_knows_its_names(settings: Settings) -> None:
    assert known_hosts(settings) == {"127.0.0.1:8000"}
    behind_tls = load_settings(public_url="https://sde.example.org", host="0.0.0.0", port=9000)
    assert known_hosts(behind_tls) == {"sde.example.org", "127.0.0.1:9000"}
    assert local_host(behind_tls) == "127.0.0.1"


def test_an_address_that_browsers_cannot_use_is_refused(settings: Settings) -> None:
    check_public_url(settings)
    check_public_url(load_settings(public_url="https://sde.example.org/", host="0.0.0.0"))
    for wrong in ({"public_url": "https://example.org/sde"}, {"host": "0.0.0.0"}, {"host": "::"}):
        with pytest.raises(Refusal, match="bad-settings"):
            check_public_url(load_settings(**wrong))

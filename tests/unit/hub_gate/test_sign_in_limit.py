"""How often one client signs in, and who counts as one client."""

from __future__ import annotations

import pytest

from governance.refusal import Refusal
from governance.settings import Settings, load_settings
from hub.addresses import check_public_url, trusted_proxies
from hub.edge.pages import TryLater
from hub.edge.paths import read_path
from hub.edge.sign_in_limit import STEPS, SignInLimit, network_of


def tries(limit: SignInLimit, path: str, client: str, number: int) -> int:
    """How many of so many tries were let through."""
    passed = 0
    for _ in range(number):
        try:
            limit.check(read_path(path), client)
        except TryLater as later:
            assert later.code == "too-many-sign-ins" and 1 <= later.retry_seconds <= 60
        else:
            passed += 1
    return passed


@pytest.mark.parametrize("step", STEPS)
def test_each_step_is_counted_by_client(step: tuple[str, ...]) -> None:
    limit = SignInLimit(5)
    path = "/" + "/".join(step)
    # a minute may turn while the test runs: then there are two windows
    assert tries(limit, path, "192.0.2.1", 12) in range(5, 11)
    assert tries(limit, f"{path}/x", "192.0.2.1", 1) == 0
    assert tries(limit, path.replace("o", "%6f"), "192.0.2.1", 1) == 0
    assert tries(limit, path, "192.0.2.2", 5) == 5
    assert tries(limit, "/hub/home", "192.0.2.1", 50) == 50


def test_one_household_is_one_client() -> None:
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2:ffff::1") != network_of("2001:db8:1:3::1")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") == "192.0.2.1"
    assert network_of("fe80::1%eth0") == network_of("fe80::2")
    assert network_of("nonsense") == network_of("") == ""


def test_memory_is_bounded_and_the_known_are_still_served() -> None:
    limit = SignInLimit(1000, most_clients=10)
    assert tries(limit, "/hub/login", "192.0.2.1", 1) == 1
    for number in range(500):
        tries(limit, "/hub/login", f"198.51.{number // 250}.{number % 250}", 1)
    assert len(limit._storage.storage) <= 10 * len(STEPS)
    assert tries(limit, "/hub/login", "192.0.2.1", 1) == 1


def test_proxies_are_named_by_the_settings_or_refused(settings: Settings) -> None:
    assert trusted_proxies(settings) == ()
    both = trusted_proxies(load_settings(trusted_proxies="127.0.0.1, 10.0.0.0/8,::1"))
    assert [str(network) for network in both] == ["127.0.0.1/32", "10.0.0.0/8", "::1/128"]
    with pytest.raises(Refusal, match="bad-settings"):
        check_public_url(load_settings(trusted_proxies="everybody"))

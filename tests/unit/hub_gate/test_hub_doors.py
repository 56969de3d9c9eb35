"""The Hub's programming interface is closed to the network, however its address is written."""

from __future__ import annotations

import pytest

from governance.refusal import Refusal
from hub.edge.hub_doors import check_hub_path
from hub.edge.paths import read_path


@pytest.mark.parametrize(
    "path",
    [
        "/hub/api",
        "/hub/api/",
        "/hub/api/user",
        "/hub/api/users/researcher-a/tokens",
        "/hub/api/oauth2/token",
        "/hub/api/oauth2/authorize/",
        "/hub/api/oauth2",
        "/HUB/API/user",
        "/hub/%61pi/user",
        "/hub/%2561pi/user",
        "/hub%2Fapi/user",
        "/hub/api%5Cuser",
        "/hub/metrics",
        "/hub/accept-share",
    ],
)
def test_closed(path: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_hub_path(read_path(path))
    assert caught.value.code == "no-such-page"


@pytest.mark.parametrize(
    "path",
    [
        *("/hub/api/oauth2/authorize", "/hub/login", "/hub/oauth_login", "/hub/oauth_callback", "/hub/logout"),
        *("/hub/static/js/a.js", "/hub/health", "/hub/user/researcher-a/gi-bleed", "/hub/spawn-pending/researcher-a/x"),
        *("/services/portal/", "/hub/apiary"),
    ],
)
def test_open(path: str) -> None:
    check_hub_path(read_path(path))

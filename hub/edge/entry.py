"""Who may look into a workspace: only a browser whose person the portal has named. Promise: without the cookie that the
edge itself gave then, not one byte of a workspace's server reaches anybody; and no workspace ever sees that cookie.

The cookie counts in the browser's one session at the hub only, so that it ends when the person signs out; whether that
session counts is the register's word (`hub.edge.approval`).

Why: whether a browser is the owner's is asked by the notebook server too, but code in a kernel can replace that server
and serve everybody. The register says whether the *owner* may go on (`hub.edge.approval`); this says who is asking.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from governance.clock import now
from governance.refusal import Refusal
from hub.edge.cookies import ENTRY, HUB_SESSION, Headers, values_of
from hub.edge.paths import read_path
from hub.edge.refused import READING
from hub.edge.table import RouteTable, Workspace
from hub.services import LET_IN_PAGE

MICROSECONDS = 1_000_000
MOST_SHOWN = 8  # cookies of this name in one request; a page can add some of its own for longer paths
NOT_LET_IN = Refusal("not-let-in", "This is a workspace, and your browser is not let in.", "Open it from the portal.")


class Entry:
    """Gives and reads the cookie.

    Args:
        key: 32 random bytes in hex; whoever has them can let themselves in.
        hours: for which a cookie counts, as long as a session.
    """

    def __init__(self, key: str, table: RouteTable, *, hours: float) -> None:
        self._key = bytes.fromhex(key)
        self._table = table
        self._lasts = timedelta(hours=hours)

    def let_in_at(self, workspace: Workspace, headers: Headers) -> datetime | None:
        """When the browser was let into this workspace, by the newest of its cookies that count; None: it was not."""
        browser = _browser(headers)
        shown = values_of(headers, ENTRY)[:MOST_SHOWN]
        return max(filter(None, (self._read(workspace, browser, value) for value in shown)), default=None)

    def cookies_for(self, location: str, headers: Headers) -> Iterator[str]:
        """The `Set-Cookie` for the workspace that an address of ours leads into; none if it leads elsewhere.

        Args:
            location: where the browser is sent.
            headers: of the request that is answered so.
        """
        route = self._table.find(read_path(location.partition("?")[0]))
        if route is not None and route.workspace is not None:
            value, seconds = self.make(route.workspace, headers), int(self._lasts.total_seconds())
            yield f"{ENTRY}={value}; Path={route.spec}; Max-Age={seconds}; HttpOnly; SameSite=Lax"

    def make(self, workspace: Workspace, headers: Headers) -> str:
        """A cookie's value for this workspace and browser, good from now on."""
        began = str(round(now().timestamp() * MICROSECONDS))
        return f"{began}.{self._seal(workspace, _browser(headers), began)}"

    def _read(self, workspace: Workspace, browser: str, value: str) -> datetime | None:
        began, _, seal = value.partition(".")
        if not hmac.compare_digest(self._seal(workspace, browser, began).encode(), seal.encode(errors="replace")):
            return None
        moment = datetime.fromtimestamp(int(began) / MICROSECONDS, UTC)  # only we can have sealed it: it is a number
        return moment if now() < moment + self._lasts else None

    def _seal(self, workspace: Workspace, browser: str, began: str) -> str:
        parts = (workspace.subject, workspace.project, browser, began)
        text = "".join(f"{len(part)}:{part}" for part in parts)  # so that no two of them read alike
        return hmac.new(self._key, text.encode(errors="replace"), hashlib.sha256).hexdigest()


def _browser(headers: Headers) -> str:
    """The name of the browser's session at the hub; empty without one, which is a session of its own."""
    return ";".join(values_of(headers, HUB_SESSION))


def way_in(method: str, raw_path: str, headers: Headers) -> str:
    """Where a browser that is not let in should go to be: the portal's page, for pages only; else empty."""
    navigates = headers.get("Sec-Fetch-Mode", "navigate") == "navigate" and "text/html" in headers.get("Accept", "")
    return f"{LET_IN_PAGE}?to={quote(raw_path, safe='')}" if navigates and method in READING else ""

"""Who may look into a workspace: only a browser whose person the portal has named. Promise: without the cookie that the
edge itself gave then, not one byte of a workspace's server reaches anybody; and no workspace ever sees that cookie.

Why: whether a browser is the owner's is asked by the notebook server too, but code in a kernel can replace that server
and serve everybody. The register says whether the *owner* may go on (`hub.edge.approval`); this says who is asking.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterator
from urllib.parse import quote

from governance.refusal import Refusal
from hub.edge.cookies import ENTRY, Headers, values_of
from hub.edge.paths import read_path
from hub.edge.refused import READING
from hub.edge.table import RouteTable, Workspace
from hub.services import LET_IN_PAGE

SECONDS = 12 * 3600  # as long as a session at the hub
MOST_SHOWN = 8  # cookies of this name in one request; a page can add some of its own for longer paths
NOT_LET_IN = Refusal("not-let-in", "This is a workspace, and your browser is not let in.", "Open it from the portal.")


class Entry:
    """Gives and reads the cookie. `key`: 32 random bytes in hex; whoever has them can let themselves in."""

    def __init__(self, key: str, table: RouteTable) -> None:
        self._key = bytes.fromhex(key)
        self._table = table

    def lets_in(self, workspace: Workspace, headers: Headers) -> bool:
        """Whether the request shows a cookie of this workspace that has not ended."""
        return any(self._is_good(workspace, value) for value in values_of(headers, ENTRY)[:MOST_SHOWN])

    def cookies_for(self, location: str) -> Iterator[str]:
        """The `Set-Cookie` for the workspace that an address of ours leads into; none if it leads elsewhere."""
        route = self._table.find(read_path(location.partition("?")[0]))
        if route is not None and route.workspace is not None:
            value = self.make(route.workspace)
            yield f"{ENTRY}={value}; Path={route.spec}; Max-Age={SECONDS}; HttpOnly; SameSite=Lax"

    def make(self, workspace: Workspace) -> str:
        """A cookie's value for this workspace, good from now on."""
        ends = str(int(time.time()) + SECONDS)
        return f"{ends}.{self._seal(workspace, ends)}"

    def _is_good(self, workspace: Workspace, value: str) -> bool:
        ends, _, seal = value.partition(".")
        if not hmac.compare_digest(self._seal(workspace, ends).encode(), seal.encode(errors="replace")):
            return False
        return time.time() < int(ends)  # only we can have sealed it, so it is a number

    def _seal(self, workspace: Workspace, ends: str) -> str:
        parts = (workspace.subject, workspace.project, ends)
        text = "".join(f"{len(part)}:{part}" for part in parts)  # so that no two triples read alike
        return hmac.new(self._key, text.encode(errors="replace"), hashlib.sha256).hexdigest()


def way_in(method: str, raw_path: str, headers: Headers) -> str:
    """Where a browser that is not let in should go to be: the portal's page, for pages only; else empty."""
    navigates = headers.get("Sec-Fetch-Mode", "navigate") == "navigate" and "text/html" in headers.get("Accept", "")
    return f"{LET_IN_PAGE}?to={quote(raw_path, safe='')}" if navigates and method in READING else ""

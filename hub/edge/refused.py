"""What a browser may not ask of a workspace, as data. Promise: files leave through the airlock, not through a download.

These rules and the byte counter are the boundary the gateway has; settings inside the workspace are good manners only.
They cannot stop what is shown on a screen, nor `api/contents`, without which the editor would not work: there the
bytes are counted per workspace instead.
"""

from __future__ import annotations

from dataclasses import dataclass

from governance.refusal import Refusal
from hub.edge.paths import RequestPath

READING = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class RefusedPath:
    """One rule: a path below the workspace's own prefix, and the methods it is refused for (None: all)."""

    prefix: tuple[str, ...]
    refusal: Refusal
    except_methods: frozenset[str] = frozenset()


DOWNLOAD = Refusal(
    "download-refused",
    "Files cannot be downloaded from a workspace.",
    "Submit them for release with sde.submit(...) or in the portal.",
)
TERMINAL = Refusal(
    "terminal-refused",
    "The workspaces of this project have no terminals.",
    "Use a notebook. An administrator can allow terminals for the project.",
)
SIGNED_OUT = Refusal(
    "signed-out",
    "You have signed out, or your session has ended.",
    "Open the workspace from the portal again; it goes on running.",
)
EXTENSION = Refusal("extension-refused", "Workspaces cannot install extensions.", "Ask the service desk.")

RULES: tuple[RefusedPath, ...] = (
    RefusedPath(("files",), DOWNLOAD),
    RefusedPath(("nbconvert",), DOWNLOAD),
    RefusedPath(("view",), DOWNLOAD),
    RefusedPath(("lab", "api", "extensions"), EXTENSION, READING),
    RefusedPath(("lab", "extensions", "api"), EXTENSION, READING),
    RefusedPath(("api", "build"), EXTENSION, READING),
    RefusedPath(("lab", "api", "build"), EXTENSION, READING),
)
#: Refused unless the register allows the project terminals. Good manners rather than a boundary: a kernel can start any
#: program too, and a hostile server can offer a terminal at any address.
TERMINALS: tuple[tuple[str, ...], ...] = (("terminals",), ("api", "terminals"))


def is_terminal(path: RequestPath, depth: int) -> bool:
    """Whether any reading of the path leads to a terminal. `depth` as below."""
    below = [tuple(segment.casefold() for segment in reading[depth:]) for reading in path.readings]
    return any(segments[: len(prefix)] == prefix for segments in below for prefix in TERMINALS)


def check_workspace_path(path: RequestPath, depth: int, method: str, *, terminals: bool = False) -> None:
    """Raise the Refusal of the first rule that matches any reading of the path.

    Args:
        path: of the request.
        depth: number of leading segments that name the workspace (`/user/<person>/<project>/` has 3).
        method: HTTP method.
        terminals: whether the register allows the project terminals now.
    """
    if not terminals and is_terminal(path, depth):
        raise TERMINAL
    for reading in path.readings:
        below = tuple(segment.casefold() for segment in reading[depth:])
        for rule in RULES:
            if below[: len(rule.prefix)] == rule.prefix and method not in rule.except_methods:
                raise rule.refusal

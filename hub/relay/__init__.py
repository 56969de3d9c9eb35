"""The workspace relay: a workspace's own three sockets, and all that may pass through them."""

from hub.relay.relay import WorkspaceRelay

__all__ = ["WorkspaceRelay"]

"""What the hub looks after while it runs: approvals that have ended, workspaces that nobody uses, what was left behind.

Promise: a duty that fails is logged and tried again; none waits for another, and none holds up the hub.
"""

from hub.housekeeping.rounds import Rounds, begin

__all__ = ["Rounds", "begin"]

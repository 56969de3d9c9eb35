"""ACRO sessions on their way in: a folder of outputs with a `results.json`, submitted as it is.

Promise: nothing in a session is believed; its words are carried as its author's, its checksums are checked, and every
file still meets all checks and two people.
"""

from egress.acro.session import Session, SessionFile, read_session

__all__ = ["Session", "SessionFile", "read_session"]

"""Backup and restore of a gateway's register and proofs. Promise: a backup is one moment of the register, whole or not
there; a restore is proven by hashes, signature and the audit chain before it takes its place.

Not in a backup: what the intake can build again or keeps itself (deliveries, linked data, extracts' rows), homes and
shared folders. Keys are never in it: they go into a sealed file of their own, if that is asked for.
"""

from governance.backup.making import Made, make_backup
from governance.backup.restoring import restore_backup

__all__ = ["Made", "make_backup", "restore_backup"]

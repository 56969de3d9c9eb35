"""The one store: every table of the register, the airlock, the receipts and the audit chain, in one database."""

from governance.store.database import Store, open_store

__all__ = ["Store", "open_store"]

"""Makes the hub forget the browsers of whoever signed out everywhere: their login cookies and the tokens that services
hold for them. Servers' own tokens stay, so workspaces go on running.

The register's word ends the sessions at the portal, the airlock and the edge by itself; this ends them at the hub,
where a browser could else come back without being asked by the identity provider.
"""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from jupyterhub import orm

from governance.sign_ins import find_unforgotten, note_forgotten
from governance.store import Store

log = structlog.get_logger("hub.housekeeping")


class SignOuts:
    """The duty. The hub's database is used in its event loop only, as JupyterHub does."""

    def __init__(self, app: Any, store: Store) -> None:
        self._app = app
        self._store = store

    async def forget_them(self) -> None:
        """One round. The hub forgets first: dying in between, the next round does it again."""
        for subject in await asyncio.to_thread(self._find):
            self._forget(subject)
            await asyncio.to_thread(self._note, subject)
            log.info("sign-in.forgotten")

    def _forget(self, subject: str) -> None:
        database = self._app.db
        user = orm.User.find(database, subject)
        if user is None:
            return
        user.cookie_id = orm.new_token()  # login cookies carry it
        of_browsers = database.query(orm.APIToken).filter_by(user_id=user.id)
        for token in of_browsers.filter(orm.APIToken.session_id.is_not(None)):
            database.delete(token)
        for code in database.query(orm.OAuthCode).filter_by(user_id=user.id):
            database.delete(code)
        database.commit()

    def _find(self) -> list[str]:
        with self._store.reading() as session:
            return find_unforgotten(session)

    def _note(self, subject: str) -> None:
        with self._store.transaction() as session:
            note_forgotten(session, subject)

"""Signs people in by OpenID Connect and gives them what the register says. Promise: only a registered person gets in,
under exactly the identity the provider named, and what they may reach is read again at least every minute."""

from __future__ import annotations

import asyncio
import re
from functools import cached_property
from typing import Any

from oauthenticator.generic import GenericOAuthenticator
from tornado import web

from governance.audit import append_event
from governance.refusal import Refusal
from governance.settings import load_settings
from governance.store import Store, open_store
from hub.roles import RoleDefinition, Standing, read_standing, roles_of

#: Subjects become part of addresses and of role scopes, so their letters are limited; nothing is cut or changed.
SUBJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@|:+=-]{0,199}")
UNUSABLE = Refusal(
    "identity-not-usable", "Your identity provider did not name you in a way this service understands.",
    "Ask the service desk.",
)  # fmt: skip
NOT_REGISTERED = Refusal(
    "not-registered",
    "You have signed in, but you are not registered with this service, so there is nothing you may open here.",
    "If you should have access, ask the person who leads your project to have you registered.",
)


class SignInRefused(web.HTTPError):
    """Becomes the hub's error page with the refusal on it (hub/templates/error.html)."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(403)  # without a log message: Tornado would log it with the address, code and all
        self.refusal = refusal
        self.jupyterhub_message = refusal.message


class RegisterAuthenticator(GenericOAuthenticator):  # type: ignore[misc]  # oauthenticator ships no types
    """GenericOAuthenticator whose allow list and roles are the register. Keeps no token of the identity provider."""

    @cached_property
    def store(self) -> Store:
        """The register."""
        return open_store(load_settings())

    def normalize_username(self, username: str) -> str:
        """The subject itself: two subjects that differ in case only are two people."""
        return username

    def validate_username(self, username: str) -> bool:
        """Whether the whole subject is made of the letters that addresses and scopes can carry."""
        return SUBJECT.fullmatch(username) is not None

    def user_info_to_username(self, user_info: dict[str, Any]) -> str:
        """The configured claim. Refuses with a page; the provider's answer goes into no log."""
        subject = user_info.get(self.username_claim)
        if not isinstance(subject, str) or not self.validate_username(subject):
            raise SignInRefused(UNUSABLE)
        return subject

    async def check_allowed(self, username: str, auth_model: dict[str, Any] | None) -> bool:
        """Let in whoever the register lets in, and attach their roles; a refusal becomes a page with the reason.

        Called after sign-in and before the hub makes a user row, so a refused person leaves none.
        """
        if auth_model is None:
            return False
        auth_model["roles"] = await asyncio.to_thread(self._sign_in, username)
        return True

    async def refresh_user(self, user: Any, handler: Any = None, **kwargs: Any) -> dict[str, Any] | bool:
        """The person's roles now, or False (sign in again, which then says why) if they may not come in any more."""
        del handler, kwargs
        try:
            roles = roles_of(await asyncio.to_thread(self._read_standing, user.name))
        except Refusal:
            return False
        return {"name": user.name, "roles": roles}

    def _read_standing(self, subject: str) -> Standing:
        with self.store.reading() as session:
            return read_standing(session, subject)

    def _sign_in(self, subject: str) -> list[RoleDefinition]:
        refusal = None
        with self.store.transaction() as session:
            try:
                standing = read_standing(session, subject)
            except Refusal as why:
                refusal = why
                append_event(session, event="person.sign-in-refused", actor=subject, detail={"code": why.code})
            else:
                append_event(
                    session, event="person.signed-in", actor=subject, detail={"projects": len(standing.projects)}
                )
        if refusal is not None:
            raise SignInRefused(NOT_REGISTERED if refusal.code == NOT_REGISTERED.code else refusal)
        return roles_of(standing)

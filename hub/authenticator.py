"""Signs people in by OpenID Connect and gives them what the register says. Promise: only a registered person gets in,
under exactly the identity the provider named, and what they may reach is read again at least every minute."""

from __future__ import annotations

import asyncio
import re
from functools import cached_property
from typing import Any

from oauthenticator.generic import GenericOAuthenticator
from tornado import web
from tornado.httpclient import HTTPClientError
from traitlets import Unicode

from governance.audit import append_event
from governance.refusal import Refusal
from governance.settings import load_settings
from governance.sign_ins import note_sign_in
from governance.store import Store, open_store
from hub.id_token import NOT_BELIEVED, SignInClaims, Trusted, check_second_factor, read_id_token
from hub.roles import RoleDefinition, Standing, read_standing, roles_of

#: Subjects become part of addresses and of role scopes, so their letters are limited; nothing is cut or changed.
SUBJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@|:+=-]{0,199}")
NOBODY = "nobody"  # who signs in where the provider named no usable subject
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

    issuer = Unicode(config=True, help="the identity provider's name in its tokens")
    keys_url = Unicode(config=True, help="where its signing keys are")
    second_factors = Unicode(config=True, help="values of amr or acr of which a sign-in must show one, commas between")

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

    async def token_to_user(self, token_info: dict[str, Any]) -> dict[str, Any]:
        """The provider's answer about the person, once its ID token is proven and shows what this service asks of a
        sign-in."""
        user_info: dict[str, Any] = await super().token_to_user(token_info)
        try:
            claims = await self._read_claims(token_info.get("id_token"), user_info.get("sub"))
            check_second_factor(claims, frozenset(filter(None, map(str.strip, self.second_factors.split(",")))))
        except Refusal as why:
            await asyncio.to_thread(self._note_refused, str(user_info.get(self.username_claim, "")), why)
            raise SignInRefused(why) from None
        return user_info

    async def _read_claims(self, id_token: object, subject: object) -> SignInClaims:
        """The keys are fetched each time: sign-ins are few, and a key that was withdrawn counts no more."""
        try:
            keys = await self.httpfetch(
                self.keys_url, "fetching the provider's keys", validate_cert=self.validate_server_cert
            )
        except (HTTPClientError, OSError, ValueError):
            raise NOT_BELIEVED from None
        trusted = Trusted(self.issuer, self.client_id)
        return read_id_token(id_token, keys if isinstance(keys, dict) else {}, trusted, userinfo_subject=subject)

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

    def _note_refused(self, subject: str, refusal: Refusal) -> None:
        """On record whom the provider named, if it is a name at all."""
        actor = subject if self.validate_username(subject) else NOBODY
        with self.store.transaction() as session:
            append_event(session, event="person.sign-in-refused", actor=actor, detail={"code": refusal.code})

    def _sign_in(self, subject: str) -> list[RoleDefinition]:
        refusal = None
        with self.store.transaction() as session:
            try:
                standing = read_standing(session, subject)
            except Refusal as why:
                refusal = why
                append_event(session, event="person.sign-in-refused", actor=subject, detail={"code": why.code})
            else:
                note_sign_in(session, subject)
                append_event(
                    session, event="person.signed-in", actor=subject, detail={"projects": len(standing.projects)}
                )
        if refusal is not None:
            raise SignInRefused(NOT_REGISTERED if refusal.code == NOT_REGISTERED.code else refusal)
        return roles_of(standing)

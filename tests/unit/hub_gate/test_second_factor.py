"""A sign-in without the second factor that is asked for ends on a page, leaves an event, and opens nothing."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from sqlalchemy import select

from governance.store import Store
from governance.store.audit_log import AuditEvent
from hub.authenticator import RegisterAuthenticator, SignInRefused

KEY = rsa.generate_private_key(65537, 2048)
ISSUER, KEYS_URL = "https://sign-in.example.org", "https://sign-in.example.org/keys"


def authenticator(factors: str, answers: dict[str, Any]) -> RegisterAuthenticator:
    """As the hub makes it; the provider's two answers come from the test instead of the network."""

    class Answered(RegisterAuthenticator):
        async def httpfetch(self, url: str, *_: Any, **__: Any) -> Any:
            return answers[url]

    return Answered(
        client_id="sde-gateway", userdata_url=f"{ISSUER}/userinfo", issuer=ISSUER, keys_url=KEYS_URL,
        second_factors=factors, username_claim="sub", any_allow_config=True,
    )  # fmt: skip


def token_info(**claims: Any) -> dict[str, Any]:
    moment = int(time.time())
    said = {"iss": ISSUER, "aud": "sde-gateway", "sub": "researcher-a", "iat": moment, "exp": moment + 60} | claims
    return {"access_token": "x", "token_type": "Bearer", "id_token": jwt.encode(said, KEY, "RS256")}


def answers(subject: str = "researcher-a") -> dict[str, Any]:
    keys = {"keys": [RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True)]}
    return {f"{ISSUER}/userinfo": {"sub": subject}, KEYS_URL: keys}


def refused(store: Store) -> list[tuple[str, str]]:
    with store.reading() as session:
        found = session.scalars(select(AuditEvent).where(AuditEvent.event == "person.sign-in-refused"))
        return [(event.actor, event.detail) for event in found]


@pytest.mark.parametrize("factors", ["", "mfa", " hwk , mfa "])
def test_with_it_the_person_comes_on(demo_register: Store, factors: str) -> None:
    found = asyncio.run(authenticator(factors, answers()).token_to_user(token_info(amr=["pwd", "mfa"])))
    assert found == {"sub": "researcher-a"}
    assert refused(demo_register) == []


@pytest.mark.parametrize(
    ("claims", "subject", "code"),
    [
        ({"amr": ["pwd"]}, "researcher-a", "second-factor-missing"),
        ({}, "researcher-a", "second-factor-missing"),
        ({"amr": ["mfa"]}, "researcher-b", "identity-not-proven"),
        ({"amr": ["mfa"], "sub": "somebody"}, "researcher-a", "identity-not-proven"),
        ({"amr": ["mfa"], "iss": "https://elsewhere.example"}, "researcher-a", "identity-not-proven"),
    ],
)
def test_without_it_nobody_does(demo_register: Store, claims: dict[str, Any], subject: str, code: str) -> None:
    with pytest.raises(SignInRefused) as raised:
        asyncio.run(authenticator("mfa", answers(subject)).token_to_user(token_info(**claims)))
    assert raised.value.refusal.code == code
    [(actor, detail)] = refused(demo_register)
    assert (actor, code in str(detail)) == (subject, True)


def test_whoever_the_provider_cannot_name_is_on_record_as_nobody(demo_register: Store) -> None:
    odd = answers("two words\n")
    with pytest.raises(SignInRefused):
        asyncio.run(authenticator("mfa", odd).token_to_user(token_info(sub="two words\n")))
    assert [actor for actor, _ in refused(demo_register)] == ["nobody"]

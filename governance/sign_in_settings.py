"""Settings of signing in: the identity provider, what is asked of it, and for how long an answer counts."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field


class SignInSettings(BaseModel):
    """Part of `governance.settings.Settings`."""

    oidc_issuer: str = Field(default="", description="empty means the embedded demo provider (never in production)")
    oidc_client_id: str = Field(default="sde-gateway", description="client id registered with the identity provider")
    oidc_client_secret_file: Path | None = Field(
        default=None, description="file with the client secret, 0600; relative to the state folder"
    )
    oidc_subject_claim: str = Field(default="sub", description="the immutable claim that names a person")
    oidc_second_factors: str = Field(
        default="",
        description="values of the ID token's amr or acr, with commas between, of which a sign-in must show one "
        "(e.g. `mfa`); empty: the identity provider decides alone",
    )
    oidc_acr_values: str = Field(
        default="", description="what to ask of the identity provider as `acr_values`, e.g. for a second factor"
    )
    session_hours: float = Field(
        default=12.0, gt=0, le=24, description="so long after signing in everybody signs in again, in every browser"
    )
    sign_ins_per_minute: int = Field(
        default=30, gt=0, description="most sign-ins of one client address (IPv6: of one /64)"
    )

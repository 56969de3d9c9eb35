"""Settings: one `sde.toml` in the state folder plus `SDE_*`; an unknown key refuses to start."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from governance.refusal import Refusal
from governance.state import StateFolder

ENVIRONMENT_PREFIX = "SDE_"
#: Set by our own set-up and tests, not settings of the gateway.
NOT_SETTINGS = frozenset({"SDE_PYTHON"})


class Settings(BaseSettings):
    """Every setting with its default. Times in seconds, sizes in bytes unless the name says otherwise."""

    model_config = SettingsConfigDict(env_prefix=ENVIRONMENT_PREFIX, extra="forbid", frozen=True)
    toml_file: ClassVar[Path | None] = None

    state: Path = Field(default=Path("var"), description="the state folder; everything that must survive a restart")
    register_url: str = Field(default="", description="SQLAlchemy URL; empty means SQLite in the state folder")
    host: str = Field(default="127.0.0.1", description="address the edge proxy listens on")
    port: int = Field(default=8000, ge=1, le=65535, description="the only TCP port")
    public_url: str = Field(default="", description="what browsers type; empty means http://host:port")

    oidc_issuer: str = Field(default="", description="empty means the embedded demo provider (never in production)")
    oidc_client_id: str = "sde-gateway"
    oidc_client_secret_file: Path | None = Field(default=None, description="file with the client secret, 0600")
    oidc_subject_claim: str = Field(default="sub", description="the immutable claim that names a person")

    workspace_memory_bytes: int = 2 * 2**30
    workspace_tmp_bytes: int = 512 * 2**20
    workspace_processes: int = 512
    query_seconds: float = Field(default=30.0, gt=0, description="longest execution of one query")
    query_memory_bytes: int = 1 * 2**30
    query_rows: int = Field(default=100_000, description="most rows of one answer")
    query_bytes: int = Field(default=16 * 1024, description="longest SQL text")
    egress_file_bytes: int = 16 * 2**20
    egress_files: int = Field(default=50, description="most files in one egress request")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment wins over `sde.toml`, which wins over defaults."""
        del dotenv_settings, file_secret_settings
        sources: tuple[PydanticBaseSettingsSource, ...] = (init_settings, env_settings)
        if cls.toml_file is not None:
            sources += (TomlConfigSettingsSource(settings_cls, cls.toml_file),)
        return sources

    @cached_property
    def folder(self) -> StateFolder:
        """The state folder, absolute."""
        return StateFolder(self.state.expanduser().absolute())

    @property
    def url(self) -> str:
        """Where browsers reach the gateway, without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def is_demo(self) -> bool:
        """True when the embedded provider signs people in."""
        return not self.oidc_issuer


def load_settings(**overrides: Any) -> Settings:
    """Settings in force. Raises Refusal `bad-settings` naming each unknown or wrong key, never its value."""
    state = Path(overrides.get("state") or os.environ.get("SDE_STATE") or "var").expanduser()
    file = state / "sde.toml"
    source = type("SettingsOfThisState", (Settings,), {"toml_file": file if file.is_file() else None})
    try:
        known = {f"{ENVIRONMENT_PREFIX}{name.upper()}" for name in Settings.model_fields} | NOT_SETTINGS
        unknown = sorted(key for key in os.environ if key.upper().startswith(ENVIRONMENT_PREFIX) and key not in known)
        if unknown:
            raise Refusal("bad-settings", f"Unknown setting: {', '.join(unknown)}.", "Remove it or correct its name.")
        settings: Settings = source(**overrides)
        return settings
    except ValidationError as error:
        keys = sorted({".".join(str(part) for part in problem["loc"]) for problem in error.errors()})
        raise Refusal(
            "bad-settings", f"Wrong or unknown setting: {', '.join(keys)}.", f"Correct it in {file} or SDE_*."
        ) from None

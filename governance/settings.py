"""Settings: one `sde.toml` in the state folder plus `SDE_*`; an unknown key refuses to start."""

from __future__ import annotations

import os
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from governance.mail_settings import MailSettings
from governance.monitoring_settings import MonitoringSettings
from governance.refusal import Refusal
from governance.release_settings import ReleaseSettings
from governance.sign_in_settings import SignInSettings
from governance.state import StateFolder

ENVIRONMENT_PREFIX = "SDE_"
#: An image is named by what it contains, so that nobody can put another in its place.
BY_DIGEST = r"^(|[^\s@]+@sha256:[0-9a-f]{64})$"
#: Set by our own set-up and tests, not settings of the gateway.
NOT_SETTINGS = frozenset({"SDE_PYTHON"})


class Settings(MonitoringSettings, SignInSettings, MailSettings, ReleaseSettings, BaseSettings):
    """Every setting with its default. Times in seconds, sizes in bytes unless the name says otherwise.

    Each is `name = value` in `sde.toml` or `SDE_NAME` in the environment; the environment wins.
    """

    model_config = SettingsConfigDict(env_prefix=ENVIRONMENT_PREFIX, extra="forbid", frozen=True)
    toml_file: ClassVar[Path | None] = None

    state: Path = Field(
        default=Path("var"), description="the state folder; everything that must survive a restart (environment only)"
    )
    register_url: str = Field(
        default="",
        pattern=r"^(|sqlite:.*|postgresql[+:].*)$",
        repr=False,  # it may hold a password
        description="SQLAlchemy URL of the register; empty means SQLite in the state folder",
    )
    host: str = Field(default="127.0.0.1", min_length=1, description="address the edge proxy listens on")
    port: int = Field(default=8000, ge=1, le=65535, description="the only TCP port")
    public_url: str = Field(
        default="",
        pattern=r"^(|https?://[^/\s]+.*)$",
        description="what browsers type; empty means http://host:port, with TLS https://",
    )
    public_contact: str = Field(
        default="", max_length=200, description="how the public reaches you: shown on the public pages as it is"
    )

    workspace_memory_bytes: int = Field(default=2 * 2**30, gt=0, description="most memory of one workspace")
    workspace_tmp_bytes: int = Field(default=512 * 2**20, gt=0, description="size of a workspace's /tmp")
    workspace_processes: int = Field(default=512, gt=0, description="most processes of one workspace")
    workspace_cpus: float = Field(
        default=2.0, gt=0, description="most processors of one workspace, where a group holds it"
    )
    workspace_home_bytes: int = Field(default=5 * 2**30, gt=0, description="most disk space of one home folder")
    workspace_shared_bytes: int = Field(
        default=10 * 2**30, gt=0, description="most disk space of a project's shared folder"
    )
    workspace_limits: Literal["", "group", "process", "none"] = Field(
        default="",
        description="weakest limits to start with: `group` (cgroups), `process` (single processes) or `none`; "
        "empty means group, and process in the demonstration",
    )
    workspace_idle_seconds: int = Field(
        default=4 * 3600, ge=0, description="a workspace unused for so long is closed; 0 means never"
    )
    workspace_idle_warning_seconds: int = Field(
        default=600, ge=30, description="how long before that the workspace says so"
    )
    workspace_platform: Literal["sandbox", "docker", "kubernetes"] = Field(
        default="sandbox", description="what workspaces run in"
    )

    image_python: str = Field(default="", pattern=BY_DIGEST, description="container image of Python workspaces")
    image_r: str = Field(
        default="", pattern=BY_DIGEST, description="container image of R workspaces; empty: not offered"
    )
    image_sidecar: str = Field(default="", pattern=BY_DIGEST, description="container image of their sidecars")
    docker_network: str = Field(
        default="sde-gate", min_length=1, description="internal Docker network on which sidecars reach the gate"
    )
    docker_runtime: str = Field(default="", description="OCI runtime of workspaces, e.g. one with a kernel of its own")
    kubernetes_namespace: str = Field(
        default="sde-workspaces",
        pattern=r"^[a-z0-9-]{1,63}$",
        description="namespace of workspaces, and of nothing else",
    )
    kubernetes_storage_class: str = Field(default="", description="class of home volumes; empty: the cluster's default")
    kubernetes_shared_class: str = Field(
        default="", description="class of projects' shared volumes (ReadWriteMany); empty: no shared folder"
    )
    kubernetes_imports_claim: str = Field(
        default="",
        pattern=r"^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)?$",
        description="claim (ReadWriteMany) that the gateway has mounted as its `imports` folder; empty: none inside",
    )
    kubernetes_call_filter: str = Field(
        default="", description="our system call filter's path below the kubelet's; empty: the runtime's own filter"
    )
    kubernetes_node_pool: str = Field(
        default="", description="nodes with the label and taint `sde-workspaces` of this value; empty: any node"
    )
    kubernetes_priority_class: str = Field(default="", description="priority class of workspaces")
    kubernetes_runtime_class: str = Field(default="", description="runtime class, e.g. one with a kernel of its own")

    gate_host: str = Field(
        default="127.0.0.1", min_length=1, description="private address of the channel gate, for sidecars (TLS always)"
    )
    gate_port: int = Field(default=8443, ge=1, le=65535, description="its port")
    gate_address: str = Field(
        default="",
        pattern=r"^(|[0-9.]+:[0-9]+|\[[0-9a-f:]+\]:[0-9]+)$",
        description="address:port where sidecars reach the gate, a number; empty means gate_host:gate_port",
    )

    tls_certificate_file: Path | None = Field(
        default=None, description="certificate chain (PEM) of the edge, relative to the state folder; empty: plain HTTP"
    )
    tls_key_file: Path | None = Field(default=None, description="its private key (PEM), 0600")
    trusted_proxies: str = Field(
        default="",
        description="addresses or networks, with commas between, of proxies in front of the edge whose X-Forwarded-For "
        "is believed",
    )
    websockets_per_workspace: int = Field(default=64, gt=0, description="most open WebSockets of one workspace")
    traffic_alarm_bytes: int = Field(
        default=256 * 2**20, gt=0, description="bytes out of a person's workspace a day (UTC) that raise an alarm"
    )
    traffic_cap_bytes: int = Field(
        default=2 * 2**30,
        gt=0,
        description="bytes out of a person's workspace a day (UTC) after which it is closed to browsers",
    )
    query_seconds: float = Field(default=30.0, gt=0, description="longest execution of one query")
    query_memory_bytes: int = Field(default=1 * 2**30, gt=0, description="most memory of one query")
    query_rows: int = Field(default=100_000, gt=0, description="most rows of one answer")
    query_bytes: int = Field(default=16 * 1024, gt=0, description="longest SQL text")
    answer_kept_days: int = Field(
        default=400, ge=0, description="how long the guard keeps what an answer said, to match files that leave to it"
    )
    intake_memory_bytes: int = Field(
        default=6 * 2**30, gt=0, description="memory of the intake's engine; above it the engine uses the disk"
    )
    intake_quarantine_share: float = Field(
        default=0.01, ge=0, le=1, description="a delivery with a larger share of quarantined rows waits for the steward"
    )
    opt_out_answer_days: int = Field(
        default=7, gt=0, description="how long an answer of the national opt-out check service is believed"
    )
    extract_refresh_hour: int = Field(
        default=2, ge=0, le=23, description="hour (UTC) at which live projects' extracts are built again"
    )
    extracts_kept: int = Field(
        default=2,
        ge=1,
        description="extracts kept for each project, the one in force counted; older ones are destroyed",
    )
    reidentification_hours: int = Field(
        default=72, gt=0, description="after so long an unanswered request for re-identification expires"
    )
    egress_file_bytes: int = Field(default=16 * 2**20, gt=0, description="largest file of an egress request")
    egress_files: int = Field(default=50, gt=0, description="most files in one egress request")
    calibration_every: int = Field(
        default=0,
        ge=0,
        description="after about so many reviews an output checker is given a planted request, told of right after the "
        "vote; 0 for never",
    )

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
    def register_place(self) -> str:
        """Where the register is, in words that hold no password."""
        return "the database of SDE_REGISTER_URL" if self.register_url else str(self.folder.register)

    @property
    def client_secret_file(self) -> Path | None:
        """`oidc_client_secret_file`, absolute."""
        file = self.oidc_client_secret_file
        return None if file is None else self.folder.root / file.expanduser()

    @property
    def release_s3_credentials(self) -> Path | None:
        """`release_s3_credentials_file`, absolute."""
        file = self.release_s3_credentials_file
        return None if file is None else self.folder.root / file.expanduser()

    @property
    def url(self) -> str:
        """Where browsers reach the gateway, without a trailing slash."""
        return (self.public_url or f"{self.scheme}://{self.host}:{self.port}").rstrip("/")

    @property
    def scheme(self) -> str:
        """What the edge itself speaks on its port."""
        return "http" if self.tls_certificate_file is None and self.tls_key_file is None else "https"

    @property
    def is_demo(self) -> bool:
        """True when the embedded provider signs people in."""
        return not self.oidc_issuer


def load_settings(**overrides: Any) -> Settings:
    """Settings in force. Relative paths are made absolute here, so that a later change of folder moves nothing.

    Raises Refusal `bad-settings` naming each unknown or wrong key, never its value.
    """
    state = Path(overrides.get("state") or os.environ.get("SDE_STATE") or "var").expanduser().absolute()
    file = state / "sde.toml"
    _check_environment()
    source = type("SettingsOfThisState", (Settings,), {"toml_file": file if _check_file(file) else None})
    try:
        settings: Settings = source(**{**overrides, "state": state})
    except ValidationError as error:
        keys = sorted({".".join(str(part) for part in problem["loc"]) for problem in error.errors()})
        raise _bad(f"Wrong or unknown setting: {', '.join(keys)}.", f"Correct it in {file} or SDE_*.") from None
    return settings


def _check_environment() -> None:
    known = {f"{ENVIRONMENT_PREFIX}{name.upper()}" for name in Settings.model_fields} | NOT_SETTINGS
    unknown = sorted(
        key for key in os.environ if key.upper().startswith(ENVIRONMENT_PREFIX) and key.upper() not in known
    )
    if unknown:
        raise _bad(f"Unknown setting: {', '.join(unknown)}.", "Remove it or correct its name.")


def _check_file(file: Path) -> bool:
    """Whether there is a settings file, which must be TOML and may not say where it lies itself."""
    try:
        written = tomllib.loads(file.read_text())
    except FileNotFoundError:
        return False
    except ValueError:
        raise _bad(f"{file} is not valid TOML.", "Correct it.") from None
    if "state" in written:
        raise _bad("The state folder cannot be set inside itself.", f"Remove state from {file}; use SDE_STATE.")
    return True


def _bad(message: str, remedy: str) -> Refusal:
    return Refusal("bad-settings", message, remedy)

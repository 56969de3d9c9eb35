"""JupyterHub's whole configuration, made from the gateway's settings. Promise: the hub listens on a unix socket only,
gives nobody a default server, tokens, shares or admin rights, and ends every session the same day."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from yarl import URL

from governance.logs import log_to_stderr
from governance.look import LOOK_FOLDER
from governance.settings import Settings, load_settings
from hub.addresses import check_public_url
from hub.authenticator import RegisterAuthenticator
from hub.edge.proxy import EdgeProxy
from hub.oidc import CALLBACK, Endpoints, find_endpoints, read_client_secret
from hub.platform_choice import find_platform
from hub.services import PORTAL, WITH_TOKEN, Service, hub_socket_url, read_or_make_secret, token_file

TEMPLATES = Path(__file__).resolve().parent / "templates"
REFRESH_SECONDS = 60
MOST_SERVERS_PER_PERSON = 20  # the roles are the real limit: a person starts servers of live memberships only
STARTING_AT_ONCE = 4
FINDING_SECONDS = 3  # a hub that starts again waits no longer for workspaces; it goes on looking beside its work
ACTIVITY_SECONDS = 30
HUB_PAGE_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)


def configure(config: Any) -> None:
    """Fill JupyterHub's configuration object. Raises Refusal when a setting or the identity provider is not usable."""
    settings = load_settings()
    check_public_url(settings)
    log_to_stderr()
    _set_addresses(config, settings)
    _set_sign_in(config, settings)
    _set_servers(config, settings)
    _set_state(config, settings)
    _set_pages(config, settings)
    config.JupyterHub.services = [_service(settings, service) for service in WITH_TOKEN]
    config.JupyterHub.load_roles = [_no_default_rights(), *(_service_role(service) for service in WITH_TOKEN)]


def _set_addresses(config: Any, settings: Settings) -> None:
    hub = config.JupyterHub
    hub.bind_url = f"http://{settings.host}:{settings.port}/"
    hub.public_url = f"{settings.url}/"
    hub.hub_bind_url = hub.hub_connect_url = hub_socket_url(settings)
    hub.hub_socket_mode = 0o600
    hub.proxy_class = EdgeProxy
    hub.cleanup_proxy = True


def _set_sign_in(config: Any, settings: Settings) -> None:
    config.JupyterHub.authenticator_class = RegisterAuthenticator
    sign_in = config.RegisterAuthenticator
    endpoints = find_endpoints(settings)
    sign_in.authorize_url, sign_in.token_url = endpoints.authorize, endpoints.token
    sign_in.userdata_url, sign_in.basic_auth = endpoints.userinfo, endpoints.secret_in_header
    sign_in.issuer, sign_in.keys_url = endpoints.issuer, endpoints.keys
    sign_in.second_factors, sign_in.extra_authorize_params = settings.oidc_second_factors, _asked_of(settings)
    sign_in.logout_redirect_url = _sign_out_url(settings, endpoints)
    sign_in.client_id, sign_in.client_secret = settings.oidc_client_id, read_client_secret(settings)
    sign_in.oauth_callback_url = f"{settings.url}{CALLBACK}"
    if settings.is_demo and settings.scheme == "https":  # the demonstration's provider is on this very edge
        sign_in.validate_server_cert = False
    sign_in.scope, sign_in.enable_pkce = ["openid", "profile"], True
    sign_in.username_claim = settings.oidc_subject_claim
    sign_in.auto_login = sign_in.auto_login_oauth2_authorize = True
    sign_in.any_allow_config = True  # the register decides; there is no list here
    sign_in.enable_auth_state = False  # no token of the provider is kept
    sign_in.manage_roles, sign_in.manage_groups = True, False
    sign_in.auth_refresh_age, sign_in.refresh_pre_spawn = REFRESH_SECONDS, True
    sign_in.auth_refresh_strict = True  # a token outlives no approval


def _asked_of(settings: Settings) -> dict[str, str]:
    """What the provider is told that we want of a sign-in (OpenID Connect Core 1.0, section 3.1.2.1)."""
    return {"acr_values": settings.oidc_acr_values} if settings.oidc_acr_values else {}


def _sign_out_url(settings: Settings, endpoints: Endpoints) -> str:
    """Where a browser goes that signs out, so that it is signed out of the provider too; empty: our own page."""
    if not endpoints.end_session:
        return ""
    return str(URL(endpoints.end_session).update_query(client_id=settings.oidc_client_id))


def _set_servers(config: Any, settings: Settings) -> None:
    hub = config.JupyterHub
    hub.spawner_class = find_platform(settings.workspace_platform).spawner
    hub.allow_named_servers = True
    hub.named_server_limit_per_user = MOST_SERVERS_PER_PERSON
    hub.cleanup_servers = False  # workspaces outlive a restart of the hub
    hub.init_spawners_timeout = FINDING_SECONDS
    hub.concurrent_spawn_limit = STARTING_AT_ONCE
    hub.shutdown_on_logout = False
    hub.redirect_to_server = False
    hub.activity_resolution = ACTIVITY_SECONDS


def _set_state(config: Any, settings: Settings) -> None:
    hub = config.JupyterHub
    hub.db_url = f"sqlite:///{settings.folder.root / 'hub.sqlite'}"
    hub.cookie_secret_file = str(settings.folder.keys / "hub-cookie-secret")
    hub.cookie_max_age_days = settings.session_hours / 24
    hub.oauth_require_pkce = True
    hub.trust_user_provided_tokens = True  # ours are 32 random bytes
    hub.answer_yes = True


def _set_pages(config: Any, settings: Settings) -> None:
    hub = config.JupyterHub
    hub.default_url = PORTAL.prefix
    hub.template_paths = [str(TEMPLATES), str(LOOK_FOLDER)]
    secure = settings.url.startswith("https://")
    hub.cookie_host_prefix_enabled = False  # paths keep the hub's and each workspace's cookies apart
    hub.tornado_settings = {
        "headers": {"Content-Security-Policy": HUB_PAGE_POLICY, "Cache-Control": "no-store"},
        "cookie_options": {"samesite": "Lax", "secure": secure},
        "xsrf_cookie_kwargs": {"samesite": "Lax", "secure": secure},
    }


def _service(settings: Settings, service: Service) -> dict[str, Any]:
    definition: dict[str, Any] = {
        "name": service.name,
        "api_token": read_or_make_secret(token_file(settings, service)),
        "display": False,
    }
    if service.visitors_sign_in:
        definition |= {
            "oauth_client_id": service.client_id,
            "oauth_redirect_uri": f"{service.prefix}oauth_callback",
            "oauth_no_confirm": True,
        }
    return definition


def _service_role(service: Service) -> dict[str, Any]:
    """What the service's own token may do. One without any right still identifies its visitors (docs: RBAC)."""
    return {
        "name": f"service-{service.name}",
        "description": f"The gateway's {service.name}",
        "scopes": list(service.scopes or ("read:services:name!service",)),
        "services": [service.name],
    }


def _no_default_rights() -> dict[str, Any]:
    """JupyterHub gives every user the role `user` with `self` (tokens, any server). It is emptied down to the name."""
    return {"name": "user", "description": "Nothing but one's own name", "scopes": ["read:users:name!user"]}

"""The demo provider as a WSGI application: the endpoints of OpenID Connect and one page with the accounts.

Built from the parts of `oidc-provider-mock`. Its own application is not used: it takes any client and any subject, lets
anybody add users, does not check PKCE, and puts a debugger on the web.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import flask
import jinja2
import oidc_provider_mock._app as mock
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import OAuth2Error
from flask.typing import ResponseReturnValue
from oidc_provider_mock._storage import AccessToken, Storage, User

from governance.look import LOOK_FOLDER
from governance.refusal import Refusal
from governance.settings import Settings
from hub.oidc import CALLBACK, read_client_secret
from hub.provider.accounts import ACCOUNTS
from hub.provider.grants import ALGORITHM, TOKEN_AGE, ChallengedGrant, NamedIssuer, OnlyClient, RequiredChallenge
from hub.services import PROVIDER

SCOPES = ("openid", "profile")
FORM_BYTES = 16 * 1024
PAGE_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
TEMPLATES = Path(__file__).resolve().parent / "templates"


def create_provider(settings: Settings) -> flask.Flask:
    """The application, mounted at `/provider`. Raises Refusal `demo-only` when a real identity provider is set."""
    if not settings.is_demo:
        raise Refusal("demo-only", "The demo accounts are off: a real identity provider is set.", "Use that one.")
    app = flask.Flask("hub.provider", template_folder=str(TEMPLATES), static_folder=None)
    app.jinja_loader = jinja2.FileSystemLoader([TEMPLATES, LOOK_FOLDER])
    app.config["MAX_CONTENT_LENGTH"] = FORM_BYTES
    issuer = f"{settings.url}{PROVIDER.prefix.rstrip('/')}"
    storage, server = _storage(), _server(app, settings, issuer)

    @app.before_request
    def _provide() -> None:  # where the mock's own views look for their parts
        flask.g.oidc_provider_mock_storage = storage
        flask.g._authlib_authorization_server = server

    @app.after_request
    def _guard(answer: flask.Response) -> flask.Response:
        answer.headers["Content-Security-Policy"] = PAGE_POLICY
        answer.headers["Cache-Control"] = "no-store"
        return answer

    app.register_blueprint(_endpoints(issuer), url_prefix=PROVIDER.prefix.rstrip("/"))
    return app


def _endpoints(issuer: str) -> flask.Blueprint:
    """The only five addresses there are."""
    pages = flask.Blueprint("provider", __name__)
    pages.add_url_rule("/.well-known/openid-configuration", "describe", lambda: flask.jsonify(_description(issuer)))
    pages.add_url_rule("/jwks", "jwks", mock.jwks)
    pages.add_url_rule("/oauth2/authorize", "authorize", _authorize, methods=["GET", "POST"])
    pages.add_url_rule("/oauth2/token", "issue_token", mock.issue_token, methods=["POST"])
    pages.add_url_rule("/userinfo", "userinfo", mock.userinfo)
    pages.register_error_handler(OAuth2Error, _refuse)
    return pages


def _authorize() -> ResponseReturnValue:
    """The page with the accounts, and the choice made on it."""
    server: Any = flask.g._authlib_authorization_server
    try:
        grant = server.get_consent_grant()
        grant.validate_consent_request()
    except OAuth2Error as error:
        return _refuse(error)
    if flask.request.method == "GET":
        return _page("sign_in.html", page_title="Choose a demo account", accounts=ACCOUNTS)
    user = mock.storage.get_user(flask.request.form.get("sub", ""))
    if user is None:
        return _page("sign_in.html", page_title="Choose a demo account", accounts=ACCOUNTS, missing=True)
    answer: ResponseReturnValue = server.handle_response(*grant.create_authorization_response(grant.redirect_uri, user))
    return answer


def _refuse(error: OAuth2Error) -> ResponseReturnValue:
    """A request that is not the gateway's own: said on a page here, never sent on to the address it names."""
    return _page("refused.html", page_title="This sign-in cannot go on", code=error.error), HTTPStatus.BAD_REQUEST


def _page(template: str, **context: Any) -> str:
    return flask.render_template(template, style=(LOOK_FOLDER / "style.css").read_text(), **context)


def _storage() -> Storage:
    """The accounts; they never change, because no address adds one."""
    storage = Storage()
    for account in ACCOUNTS:
        storage.store_user(User(sub=account.subject, claims={"name": account.name}))
    return storage


def _server(app: flask.Flask, settings: Settings, issuer: str) -> Any:
    """Authlib's server with one client, one grant, and PKCE."""
    client = OnlyClient(
        id=settings.oidc_client_id,
        secret=read_client_secret(settings),
        redirect_uris=[f"{settings.url}{CALLBACK}"],
        allowed_scopes=SCOPES,
        token_endpoint_auth_method="client_secret_post",  # noqa: S106  (the name of a method)
    )
    app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {"authorization_code": int(TOKEN_AGE.total_seconds())}
    server = AuthorizationServer()
    server.init_app(app, query_client=lambda name: client if name == client.id else None, save_token=_save_token)
    server.register_grant(ChallengedGrant, [NamedIssuer(issuer), RequiredChallenge(required=True)])
    mock.require_oauth.register_token_validator(mock.TokenValidator())
    return server


def _save_token(token: dict[str, Any], request: Any) -> None:
    mock.storage.store_access_token(
        AccessToken(
            token=token["access_token"],
            user_id=request.user.sub,
            scope=token.get("scope", ""),
            expires_at=datetime.now(UTC) + timedelta(seconds=token["expires_in"]),
        )
    )


def _description(issuer: str) -> dict[str, Any]:
    """OpenID Connect Discovery 1.0, section 3: what this provider can do."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth2/authorize",
        "token_endpoint": f"{issuer}/oauth2/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/jwks",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "scopes_supported": list(SCOPES),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
    }

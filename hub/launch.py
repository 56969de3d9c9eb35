"""Runs JupyterHub with the gateway's configuration: `python -m hub.launch`."""

from __future__ import annotations

import sys
from pathlib import Path

from governance.refusal import Refusal
from governance.settings import load_settings
from hub.addresses import check_public_url
from hub.oidc import find_endpoints, read_client_secret


def find_configuration() -> Path:
    """`jupyterhub_config.py`: beside the package in a checkout, inside it when installed."""
    package = Path(__file__).resolve().parent
    for folder in (package.parent, package):
        if (folder / "jupyterhub_config.py").is_file():
            return folder / "jupyterhub_config.py"
    raise Refusal("not-installed", "The hub's configuration file is missing.", "Install the gateway again.")


def check_settings() -> None:
    """Raise the Refusal that the hub's configuration would end with, before it becomes a stack trace."""
    settings = load_settings()
    check_public_url(settings)
    find_endpoints(settings)
    read_client_secret(settings)


def main() -> None:
    """Run the hub until SIGTERM. A refusal is printed as it stands, exit status 1."""
    try:
        check_settings()
    except Refusal as refusal:
        sys.exit(str(refusal))
    from jupyterhub.app import JupyterHub  # here: a refusal above should not wait for its long import

    JupyterHub.launch_instance(["-f", str(find_configuration())])


if __name__ == "__main__":
    main()

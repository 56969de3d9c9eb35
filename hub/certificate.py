"""The edge's certificate and key. Promise: a gateway that is to speak TLS starts with a pair that fits, is in date and
that nobody else can read, or says why not; it never falls back to plain HTTP."""

from __future__ import annotations

import ssl
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from governance.clock import now
from governance.refusal import Refusal
from governance.settings import Settings


@dataclass(frozen=True)
class Certificate:
    """A pair that was found good. `ends`: when the first of its chain does; `names`: hosts it speaks for."""

    certificate_file: Path
    key_file: Path
    ends: datetime
    names: tuple[str, ...]

    def speaks_for(self, host: str) -> bool:
        """Whether browsers take it for this host."""
        first, _, rest = host.lower().partition(".")
        return host.lower() in self.names or (bool(first) and f"*.{rest}" in self.names)


def read_certificate(settings: Settings) -> Certificate | None:
    """The settings' pair, looked at closely; None without one.

    Raises Refusal `tls-incomplete`, `tls-unreadable`, `tls-key-open`, `tls-mismatch`, `tls-out-of-date`.
    """
    if settings.tls_certificate_file is None and settings.tls_key_file is None:
        return None
    if settings.tls_certificate_file is None or settings.tls_key_file is None:
        raise Refusal(
            "tls-incomplete", "TLS needs a certificate and its key.", "Set tls_certificate_file and tls_key_file."
        )
    root = settings.folder.root
    certificate, key = root / settings.tls_certificate_file.expanduser(), root / settings.tls_key_file.expanduser()
    chain = _read_chain(certificate)
    if _read_public_key(key) != chain[0].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo):
        raise Refusal("tls-mismatch", "The TLS certificate is not of this key.", "Name the two that belong together.")
    for link in chain:
        if not link.not_valid_before_utc <= now() <= link.not_valid_after_utc:
            dates = f"{link.not_valid_before_utc:%Y-%m-%d} to {link.not_valid_after_utc:%Y-%m-%d}"
            raise Refusal("tls-out-of-date", f"The TLS certificate or one of its chain is valid {dates}.", "Renew it.")
    ends = min(link.not_valid_after_utc for link in chain)
    return Certificate(certificate, key, ends.astimezone(UTC), _names(chain[0]))


def make_context(certificate: Certificate) -> ssl.SSLContext:
    """TLS 1.2 and later, by Python's defaults. Raises Refusal `tls-unreadable` if OpenSSL does not take it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate.certificate_file, certificate.key_file, password="")
    except (ssl.SSLError, OSError):
        raise _unreadable(certificate.key_file) from None
    return context


def _read_chain(file: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError):
        raise _unreadable(file) from None


def _read_public_key(file: Path) -> bytes:
    """The public half of the key in this file, which must be ours alone."""
    try:
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise Refusal(
                "tls-key-open", f"Others can read {file}.", "Run chmod 600 on it; if they did, renew the key."
            )
        key = load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError):  # TypeError: it has a password
        raise _unreadable(file) from None
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        said = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    addresses = (str(address) for address in said.get_values_for_type(x509.IPAddress))
    return (*(name.lower() for name in said.get_values_for_type(x509.DNSName)), *addresses)


def _unreadable(file: Path) -> Refusal:
    return Refusal("tls-unreadable", f"{file} cannot be read as PEM.", "Check its path, its owner and what it holds.")

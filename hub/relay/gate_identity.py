"""The channel gate's key and certificate: made by the gateway itself at first use, and handed to each sidecar.

Promise: a sidecar speaks to this gate and to no other; no authority outside could vouch for another one.
"""

from __future__ import annotations

import os
import ssl
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from governance.clock import now
from governance.settings import Settings
from hub.sidecar.greeting import NAME

VALID_DAYS = 3650  # replaced by removing the file: a pinned certificate gains nothing from ending sooner
EARLIER = timedelta(days=1)  # clocks differ


def certificate_file(settings: Settings) -> Path:
    """Key and certificate in one file (PEM), 0600."""
    return settings.folder.keys / "gate.pem"


def read_certificate(settings: Settings) -> str:
    """The certificate alone (PEM), for sidecars; made if there is none yet."""
    text = _read_or_make(certificate_file(settings))
    return text[text.index("-----BEGIN CERTIFICATE-----") :]


def server_context(settings: Settings) -> ssl.SSLContext:
    """TLS 1.3 with that certificate. Raises PermissionError if others can read the key."""
    file = certificate_file(settings)
    _read_or_make(file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(file)
    return context


def _read_or_make(file: Path) -> str:
    """Hub and gate may both be first: who comes second waits for nothing and reads what the other linked in place."""
    if not file.exists():
        fresh = file.with_name(f"{file.name}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(_make())
        try:
            os.link(fresh, file)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    if file.stat().st_mode & 0o077:
        raise PermissionError(f"{file} can be read by others; run chmod 600 on it")
    return file.read_text()


def _make() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    begins = now() - EARLIER
    usage = x509.KeyUsage(True, False, False, False, False, True, False, False, False)  # signs: itself and handshakes
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return (private + certificate.public_bytes(serialization.Encoding.PEM)).decode()

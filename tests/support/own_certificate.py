"""A certificate for this machine that a test makes itself."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


def write_pair(
    folder: Path, *, host: str = "127.0.0.1", begins: int = -1, ends: int = 90, password: bytes = b"", mode: int = 0o600
) -> tuple[Path, Path]:
    """`certificate.pem` and `key.pem` (P-256, self-signed); `begins` and `ends` are days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SDE Gateway test")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) + timedelta(days=begins))
        .not_valid_after(datetime.now(UTC) + timedelta(days=ends))
        .add_extension(x509.SubjectAlternativeName([_alternative(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(Encoding.PEM))
    locked = BestAvailableEncryption(password) if password else NoEncryption()
    key_file.unlink(missing_ok=True)
    key_file.touch(mode=mode)
    key_file.chmod(mode)
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))
    return certificate_file, key_file


def trusting(certificate: Path) -> ssl.SSLContext:
    """Of a browser that trusts this certificate alone."""
    return ssl.create_default_context(cafile=str(certificate))


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)

"""Which certificate stands for this machine while the operator has given none? A self-signed authority and its one leaf.

For STARTTLS and implicit TLS on loopback. The leaf names the host name, ``localhost``, ``127.0.0.1`` and
``::1`` (RFC 9525 6.3). Key, leaf and authority lie in one file, written in one step, so that two processes
that start together end with the same ones. A client that checks the name trusts the authority:
``posthouse doctor --ca`` prints it.

The authority's private key is thrown away once the leaf is signed. An authority that people were asked to
trust can therefore sign nothing else, whoever reads this disk later. The price: near the end of the
leaf, or when the host name changes, both are created anew and the authority has to be exported again.
"""

import fcntl
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

FOLDER: Final = "tls"
FILE: Final = "server.pem"
LIFETIME: Final = timedelta(days=820)  # clients refuse server certificates of more than 825 days
RENEW_BEFORE: Final = timedelta(days=30)
_LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "::1")


def server_file(data_dir: Path, hostname: str, now: datetime) -> Path:
    """The file with key, leaf and authority (PEM, 0600), created where there is no usable one.

    Errors: OSError where it cannot be.
    """
    path = data_dir / FOLDER / FILE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _exclusive(path.parent):
        if not _is_usable(path, hostname, now):
            _write(path, _create(hostname, now))
    return path


def authority_pem(data_dir: Path, hostname: str, now: datetime) -> str:
    """The authority's certificate alone, for clients to trust."""
    certificates = x509.load_pem_x509_certificates(server_file(data_dir, hostname, now).read_bytes())
    return certificates[-1].public_bytes(serialization.Encoding.PEM).decode()


def server_context(certificate: Path, key: Path | None = None) -> ssl.SSLContext:
    """TLS for a listener: 1.2 or newer; ``key`` None where it stands in the same file.

    Errors: ssl.SSLError where they do not match.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context


def _names(hostname: str) -> list[x509.GeneralName]:
    return [_name(text) for text in dict.fromkeys((hostname, *_LOCAL_NAMES))]


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _is_usable(path: Path, hostname: str, now: datetime) -> bool:
    """True while the file holds a pair for this host name that does not end soon."""
    try:
        leaf = x509.load_pem_x509_certificates(path.read_bytes())[0]
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (FileNotFoundError, ValueError, x509.ExtensionNotFound):
        return False
    return list(names) == _names(hostname) and leaf.not_valid_before_utc <= now < leaf.not_valid_after_utc - RENEW_BEFORE


def _create(hostname: str, now: datetime) -> bytes:
    """Key, leaf and authority, PEM, in the order in which TLS wants them."""
    authority_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = _common_name(f"Posthouse on {hostname}"[:64])
    authority = _certificate(issuer, issuer, authority_key.public_key(), now)
    for extension in (x509.BasicConstraints(ca=True, path_length=0), _usage(signs_certificates=True)):
        authority = authority.add_extension(extension, critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key())
    signed_authority = authority.add_extension(identifier, critical=False).sign(authority_key, hashes.SHA256())
    leaf = _certificate(_common_name("Posthouse"), issuer, leaf_key.public_key(), now)
    leaf = leaf.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    leaf = leaf.add_extension(_usage(signs_certificates=False), critical=True)
    for plain in (
        x509.SubjectAlternativeName(_names(hostname)),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
        x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
    ):
        leaf = leaf.add_extension(plain, critical=False)
    key = leaf_key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    chain = (leaf.sign(authority_key, hashes.SHA256()), signed_authority)
    return key + b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain)


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime) -> x509.CertificateBuilder:
    """The plain fields; valid from an hour ago, for clocks that run behind."""
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    start = now.astimezone(UTC).replace(microsecond=0) - timedelta(hours=1)
    return builder.not_valid_before(start).not_valid_after(start + LIFETIME)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


@contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    """One process at a time, so that none serves a pair that another replaces a moment later."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(path: Path, data: bytes) -> None:
    """Put the whole file in place in one step."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)

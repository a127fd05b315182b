"""Self-signed certificates for tests, valid or expired."""

import ssl
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from posthouse.net.clock import SystemClock


class Certificate(NamedTuple):
    """``server``: for a server to use; ``authority``: the file (PEM) that a client has to trust."""

    server: ssl.SSLContext
    authority: Path


def certificate(folder: Path, *names: str, expired: bool = False) -> Certificate:
    """A self-signed certificate for these host names and IP addresses, in ``folder``."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = SystemClock().now()
    until = now - timedelta(days=1) if expired else now + timedelta(days=1)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - timedelta(days=9), until)
    builder = builder.add_extension(x509.SubjectAlternativeName([_general(each) for each in names]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    signed = builder.sign(key, hashes.SHA256())
    file, private = folder / f"{names[0]}.pem", folder / f"{names[0]}.key"
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, private)
    return Certificate(context, file)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)

"""A server's address with TLS in front of it: the gate shows a certificate of an authority of its own, and hands on what is said."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Gate(NamedTuple):
    port: int
    authority: Path  # its certificate, by which the gate's is believed


@contextmanager
def tls_gate(folder: Path, server: str | tuple[str, int], *, name: str = "127.0.0.1") -> Iterator[Gate]:
    """`server`: a socket's path, or host and port; `name`: whose certificate the gate shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority = _certificates(folder, name)
    context.load_cert_chain(folder / "server.pem")
    listener = socket.create_server(("127.0.0.1", 0))

    def take() -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                visitor, _address = listener.accept()
                at_work.append(threading.Thread(target=_hand_on, args=(context, visitor, server), daemon=True))
                at_work[-1].start()

    at_work = [threading.Thread(target=take, daemon=True)]
    at_work[0].start()
    try:
        yield Gate(listener.getsockname()[1], authority)
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        for each in at_work:
            each.join(timeout=10)
        listener.close()


def _hand_on(context: ssl.SSLContext, visitor: socket.socket, server: str | tuple[str, int]) -> None:
    inner = socket.socket(socket.AF_UNIX if isinstance(server, str) else socket.AF_INET)
    # Who does not believe the certificate hangs up.
    with visitor, inner, suppress(OSError), context.wrap_socket(visitor, server_side=True) as outer:
        inner.connect(server)
        back = threading.Thread(target=_copy, args=(inner, outer), daemon=True)
        back.start()
        _copy(outer, inner)
        back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


def _certificates(folder: Path, name: str) -> Path:
    """Write an authority (authority.pem) and a server's certificate with its key (server.pem)."""
    authority, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer, now = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of the house")]),
        dt.datetime.now(dt.UTC),
    )
    try:
        alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        alternative = x509.DNSName(name)

    def certificate(subject: x509.Name, of: ec.EllipticCurvePrivateKey, *extensions: x509.ExtensionType) -> bytes:
        builder = x509.CertificateBuilder(issuer, subject, of.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    own = certificate(issuer, authority, x509.BasicConstraints(ca=True, path_length=None))
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    shown = certificate(subject, key, x509.SubjectAlternativeName([alternative]))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "authority.pem").write_bytes(own)
    (folder / "server.pem").write_bytes(shown + private)
    return folder / "authority.pem"

"""Certificates of an authority that exists for one test, each with exactly one fault or none."""

import ssl
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def curve_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Paper:
    """What a certificate says. `days`: from when until when it holds, counted from now."""

    days: tuple[float, float] = (-100.0, 100.0)
    address: str = "127.0.0.1"
    key: Key = field(default_factory=curve_key)
    digest: hashes.HashAlgorithm = field(default_factory=hashes.SHA256)
    own_authority: bool = False


@dataclass(frozen=True)
class Authority:
    folder: Path
    key: Key = field(default_factory=curve_key)

    @property
    def file(self) -> Path:
        """What a client must trust."""
        file = self.folder / "authority.pem"
        if not file.exists():
            paper = Paper(key=self.key)
            file.write_bytes(self._issued(paper, self.key, authority=True))
        return file

    def context(self, paper: Paper, *, ciphers: str = "") -> ssl.SSLContext:
        """A server's side with this certificate; ssl.SSLError where OpenSSL will not have it."""
        signer = paper.key if paper.own_authority else self.key
        file = self.folder / "server.pem"
        written = paper.key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ) + self._issued(paper, signer, authority=False)
        file.write_bytes(written)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if ciphers:
            context.set_ciphers(ciphers)
        context.load_cert_chain(file)
        return context

    def _issued(self, paper: Paper, signer: Key, *, authority: bool) -> bytes:
        now = datetime.now(UTC)
        named = [x509.NameAttribute(NameOID.COMMON_NAME, "ghlctl test")]
        issuer = x509.Name(named)
        subject = issuer if authority or paper.own_authority else x509.Name([])
        begins, ends = (now + timedelta(days=days) for days in paper.days)
        address = x509.IPAddress(ip_address(paper.address))
        builder = (
            x509.CertificateBuilder()
            .issuer_name(issuer)
            .subject_name(subject)
            .public_key(paper.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([address]), critical=not authority)
        )
        digest = hashes.SHA256() if authority else paper.digest
        return builder.sign(signer, digest).public_bytes(Encoding.PEM)  # type: ignore[arg-type] # reason: its own union of digests


GOOD = Paper()


def ending_in(days: float, of: float) -> Paper:
    return replace(GOOD, days=(days - of, days))

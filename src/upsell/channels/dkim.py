"""DKIM: a mail signed by the domain it comes from, RSA or Ed25519, relaxed on both sides.

For the email channel. The law: what is signed is what leaves; the header fields that people and
machines act on are all under the signature, and From is signed as absent beyond the one there is, so that
nobody can add another. Source: RFC 6376, RFC 8463, RFC 8301.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import TypeAlias

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from upsell.errors import ConfigError

PrivateKey: TypeAlias = RSAPrivateKey | Ed25519PrivateKey

FEWEST_BITS = 1024
"""An RSA key that is shorter is refused by who verifies. Source: RFC 8301, 3.2."""

SIGNED = (
    "from to subject date message-id reply-to list-id list-unsubscribe list-unsubscribe-post feedback-id "
    "auto-submitted mime-version content-type"
).split()
"""Fields that are signed where a mail has them."""

_FOLD = re.compile(rb"\r\n(?=[ \t])")
_BLANKS = re.compile(rb"[ \t]+")
_TRAILING = re.compile(rb"[ \t]+(?=\r\n)")


class DkimKey(msgspec.Struct, frozen=True):
    """A key that signs for a domain: its public half is at ``<selector>._domainkey.<domain>``."""

    domain: str
    selector: str
    key: PrivateKey


def read_key(pem: bytes, where: str) -> PrivateKey:
    """Read a private key without a passphrase.

    Raises:
        ConfigError: It is none, or an RSA key that is too short; ``where`` is named.
    """
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        msg = (
            f"{where}: expected a private RSA or Ed25519 key in PEM without a passphrase, got another text; "
            "make one with: openssl genrsa -out dkim.pem 2048"
        )
        raise ConfigError(msg)
    if isinstance(key, RSAPrivateKey) and key.key_size < FEWEST_BITS:
        msg = (
            f"{where}: expected an RSA key of at least {FEWEST_BITS} bits, got {key.key_size}; make a new one"
        )
        raise ConfigError(msg)
    return key


def keys_for(sender: str, keys: Mapping[str, tuple[DkimKey, ...]]) -> tuple[DkimKey, ...]:
    """Give the keys that sign for an address: those of its domain, else of the nearest domain above."""
    domain = sender.rpartition("@")[2].lower()
    while domain:
        if domain in keys:
            return keys[domain]
        domain = domain.partition(".")[2]
    return ()


def sign_mail(mail: bytes, keys: Iterable[DkimKey], signed_at: int) -> bytes:
    """Put one signature per key on top of a mail.

    Args:
        mail: The mail, its lines ending with CRLF.
        keys: What signs; none leaves the mail as it is.
        signed_at: Whole seconds since 1970.
    """
    head, _, body = mail.partition(b"\r\n\r\n")
    fields = _fields(head)
    names = [name for name in SIGNED if name in fields]
    signed = b"".join(name.encode() + b":" + fields[name] + b"\r\n" for name in names)
    body_hash = b64encode(sha256(relaxed_body(body)).digest()).decode()
    signatures = [_signature(key, names, signed, body_hash, signed_at) for key in keys]
    return b"".join((*signatures, mail))


def relaxed_body(body: bytes) -> bytes:
    """Give a body in the relaxed form of RFC 6376, 3.4.4."""
    body = _TRAILING.sub(b"", _BLANKS.sub(b" ", body if body.endswith(b"\r\n") else body + b"\r\n"))
    body = body.rstrip(b"\r\n")
    return body + b"\r\n" if body else b""


def _fields(head: bytes) -> dict[str, bytes]:
    """Give the fields of a head by lower-case name, relaxed; of several the last, as verifiers take it."""
    fields = {}
    for line in _FOLD.sub(b"", head).split(b"\r\n"):
        name, _, value = line.partition(b":")
        fields[name.strip().lower().decode("ascii", "replace")] = _BLANKS.sub(b" ", value).strip()
    return fields


def _signature(key: DkimKey, names: list[str], signed: bytes, body_hash: str, signed_at: int) -> bytes:
    """Make the header field of one signature."""
    algorithm = "rsa-sha256" if isinstance(key.key, RSAPrivateKey) else "ed25519-sha256"
    listed = ":".join([*names, "from"])
    stated = (
        f"v=1; a={algorithm}; c=relaxed/relaxed;\r\n d={key.domain};\r\n s={key.selector}; t={signed_at};"
        f"\r\n h={_folded(listed)};\r\n bh={body_hash};\r\n b="
    )
    relaxed = _BLANKS.sub(b" ", _FOLD.sub(b"", stated.encode("ascii"))).strip()
    over = signed + b"dkim-signature:" + relaxed
    if isinstance(key.key, RSAPrivateKey):
        made = key.key.sign(over, PKCS1v15(), SHA256())
    else:
        made = key.key.sign(sha256(over).digest())
    text = b64encode(made).decode()
    folded = "\r\n ".join(text[at : at + 72] for at in range(0, len(text), 72))
    return f"DKIM-Signature: {stated}{folded}\r\n".encode("ascii")


def _folded(names: str) -> str:
    """Fold a list of names after a colon, so that no line is longer than 76 characters."""
    lines, line = [], ""
    for name in names.split(":"):
        if line and len(line) + len(name) > 68:
            lines.append(f"{line}:")
            line = name
        else:
            line = f"{line}:{name}" if line else name
    return "\r\n  ".join([*lines, line])

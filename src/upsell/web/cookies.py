"""Cookies and forms: what a browser keeps for us, and how a form proves that it is one of ours.

The laws: a cookie is never read by a script; it is sent over https alone where the server is reached by
https; a form is believed by a token that only a page of ours could hold, and by what the browser says of
where it comes from.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from litestar import Request
from litestar.datastructures import Cookie

from upsell.clock import SECOND
from upsell.config import Settings
from upsell.store.sessions import LASTS

FIELD: Final = "form"
"""Under which name a form says its token."""

_NOT_FROM_ELSEWHERE = frozenset({"same-origin", "none"})


class Jar(msgspec.Struct, frozen=True):
    """Names and ways of the cookies of one server.

    Attributes:
        session: Name of the one that says who is signed in.
        form: Name of the one by which forms are believed before somebody is.
        is_secure: Whether they are sent over https alone.
        public_host: Host and port at which the server is reached from outside; empty for none.
    """

    session: str
    form: str
    is_secure: bool
    public_host: str

    def session_cookie(self, token: str) -> Cookie:
        """Keep who is signed in; an empty token forgets it."""
        age = LASTS // SECOND if token else 0
        return self._cookie(self.session, token, "lax", age)

    def form_cookie(self, secret: str) -> Cookie:
        """Keep a secret that forms are believed by until somebody is signed in."""
        return self._cookie(self.form, secret, "strict", None)

    def _cookie(self, name: str, value: str, same_site: Any, max_age: int | None) -> Cookie:
        return Cookie(
            name,
            "/",
            value,
            httponly=True,
            samesite=same_site,
            secure=self.is_secure,
            max_age=max_age,
        )


def jar_of(settings: Settings) -> Jar:
    """Give the cookies of a server by its settings.

    A cookie of one host is sent to all its ports: on a machine of one's own each port has names of its own.
    """
    public = urlsplit(settings.public_url)
    if public.scheme == "https":
        return Jar("__Host-upsell", "__Host-upsell-form", is_secure=True, public_host=public.netloc)
    port = settings.http_port
    return Jar(f"upsell-{port}", f"upsell-form-{port}", is_secure=False, public_host=public.netloc)


def new_secret() -> str:
    """Give 256 random bits as text."""
    return secrets.token_urlsafe(32)


def form_token(secret: str) -> str:
    """Give what a form says that was written for whoever keeps a secret."""
    return hmac.digest(secret.encode("utf-8", "surrogatepass"), b"upsell form", "sha256").hex()


def is_ours(
    request: Request[Any, Any, Any], form: Mapping[str, list[str]], secret: str, public_host: str
) -> bool:
    """Tell whether a form comes from a page of ours: by its token, and by what the browser says."""
    site = request.headers.get("sec-fetch-site", "none")
    origin = request.headers.get("origin")
    hosts = {request.headers.get("host", ""), public_host} - {""}
    if site not in _NOT_FROM_ELSEWHERE or (origin is not None and urlsplit(origin).netloc not in hosts):
        return False
    said = form.get(FIELD, [""])[0]
    return bool(secret) and hmac.compare_digest(said.encode(), form_token(secret).encode())


def address_of(request: Request[Any, Any, Any]) -> str:
    """Give where a request comes from; behind a proxy on this machine, where that says it does."""
    near = request.client.host if request.client is not None else ""
    forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return forwarded[:100] if forwarded and _is_loopback(near) else near


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

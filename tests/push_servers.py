"""Servers for pushes: a push service as browsers have one (RFC 8030), and Firebase by its own description."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import http_ece
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from upsell.channels.devices import Device, DeviceKind
from upsell.testing.stand_ins import QuietHandler

VAPID_KEY = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
"""A private key that is published: the sender's of RFC 8291, appendix A."""

DISCOVERY = json.loads((Path(__file__).parent / "vendor/fcm/fcm.v1.json").read_text())
PROJECT = "acme-1"
AUDIENCE = "https://oauth2.googleapis.com/token"
"""Whom a service account's assertion is for, whatever its key calls the address."""


def base64url(said: bytes) -> str:
    return base64.urlsafe_b64encode(said).rstrip(b"=").decode()


def unpadded(said: str) -> bytes:
    return base64.urlsafe_b64decode(said + "=" * (-len(said) % 4))


class Browser:
    """A browser that subscribed: it alone can read what is pushed to it."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.auth = b"\x01" * 16

    @property
    def p256dh(self) -> str:
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64url(point)

    @property
    def device(self) -> Device:
        return Device(DeviceKind.WEB, self.endpoint, self.p256dh, base64url(self.auth))

    @property
    def subscription(self) -> dict[str, Any]:
        """What ``PushSubscription.toJSON()`` gives."""
        keys = {"p256dh": self.p256dh, "auth": base64url(self.auth)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}

    def read(self, body: bytes) -> dict[str, Any]:
        """Decrypt with a library that is not ours."""
        said = http_ece.decrypt(body, private_key=self._key, auth_secret=self.auth, version="aes128gcm")
        return dict(json.loads(said))


class PushService:
    """Takes notifications for browsers, from whoever signs with the key they subscribed with.

    Attributes:
        url: Where it is.
        pushed: What was taken: endpoint path, headers and body.
        refused: What was wrong with what was not.
        answers: Status and headers by endpoint path, where it is not taken.
    """

    def __init__(self, public_key: str) -> None:
        self.url = ""
        self.public_key = public_key
        self.pushed: list[tuple[str, Message, bytes]] = []
        self.refused: list[str] = []
        self.answers: dict[str, tuple[int, Mapping[str, str]]] = {}

    def browser(self, name: str) -> Browser:
        return Browser(f"{self.url}/push/{name}")

    def check(self, headers: Message, body: bytes) -> str | None:
        """Say what RFC 8030, 8291 or 8292 forbids in a request; None where nothing."""
        found = re.fullmatch(r"vapid t=([^,]+),k=(\S+)", headers.get("authorization", ""))
        if found is None or found[2] != self.public_key:
            return "expected VAPID by the key of the subscription"
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unpadded(found[2]))
        claims = jwt.decode(
            found[1], key, algorithms=["ES256"], audience=self.url, options={"verify_exp": False}
        )
        if not str(claims["sub"]).startswith(("mailto:", "https:")):
            return "expected a contact"
        if headers.get("content-encoding") != "aes128gcm" or not headers.get("ttl", "").isdigit():
            return "expected aes128gcm and TTL"
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", headers.get("topic", "x")):
            return "expected a topic of at most 32 characters of base64url"
        return "too large" if len(body) > 4_096 else None


@contextmanager
def open_push_service(public_key: str) -> Iterator[PushService]:
    service = PushService(public_key)

    class Handler(QuietHandler):
        def reply(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, headers = service.answers.get(self.path, (0, {}))
            if status == 0:
                wrong = service.check(self.headers, body)
                status = 201 if wrong is None else 403
                headers = {"location": f"{service.url}/message/{len(service.pushed)}"}
                if wrong is None:
                    service.pushed.append((self.path, self.headers, body))
                else:
                    service.refused.append(wrong)
            self.send_response(status)
            for name, said in headers.items():
                self.send_header(name, said)
            self.send_header("content-length", "0")
            self.end_headers()

    with _serving(Handler) as service.url:
        yield service


def check_schema(said: Any, name: str, at: str = "") -> list[str]:
    """Say what of a JSON value the discovery document does not describe, by where it is."""
    schema = DISCOVERY["schemas"][name]
    wrong = [f"{at}.{key}" for key in said if key not in schema["properties"]]
    for key, described in schema["properties"].items():
        if key in said:
            wrong += _check(said[key], described, f"{at}.{key}")
    return wrong


def _check(said: Any, described: Mapping[str, Any], at: str) -> list[str]:
    if "$ref" in described:
        return check_schema(said, described["$ref"], at) if isinstance(said, dict) else [at]
    kinds = {"string": str, "boolean": bool, "object": dict, "array": list, "integer": int, "number": float}
    if not isinstance(said, kinds[described["type"]]) or said not in described.get("enum", [said]):
        return [at]
    if described.get("format") == "google-duration" and not re.fullmatch(r"\d+(\.\d+)?s", str(said)):
        return [at]
    within = described.get("additionalProperties", {})
    if isinstance(said, dict) and within.get("type") == "string":
        return [f"{at}.{key}" for key, value in said.items() if not isinstance(value, str)]
    return []


class Firebase:
    """Google's token endpoint and Firebase's API.

    Attributes:
        url: Where it is.
        messages: What was taken.
        wrong: What its description does not have of what came.
        errors: HTTP status, Firebase's code and headers by token of an app, where it is not taken.
        granted: How many access tokens were given.
    """

    def __init__(self) -> None:
        self.url = ""
        self.messages: list[dict[str, Any]] = []
        self.wrong: list[str] = []
        self.errors: dict[str, tuple[int, str, Mapping[str, str]]] = {}
        self.granted = 0
        self.is_granting = True
        self._key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)

    @property
    def account_key(self) -> str:
        """The JSON of a service account, as the console gives it."""
        pem = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        return json.dumps(
            {
                "type": "service_account",
                "project_id": PROJECT,
                "private_key_id": "k1",
                "private_key": pem,
                "client_email": "push@acme-1.iam.gserviceaccount.com",
                "token_uri": f"{self.url}/token",
            }
        )

    def grant(self, body: bytes) -> tuple[int, dict[str, Any]]:
        """Give an access token for a signed assertion (RFC 7523)."""
        form = {name: said[0] for name, said in parse_qs(body.decode()).items()}
        said = jwt.decode(form["assertion"], self._key.public_key(), algorithms=["RS256"], audience=AUDIENCE)
        if not self.is_granting:
            return 400, {"error": "invalid_grant", "error_description": "no such account"}
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        assert said["scope"] in DISCOVERY["send"]["scopes"]
        self.granted += 1
        return 200, {"access_token": f"at-{self.granted}", "expires_in": 3_600, "token_type": "Bearer"}

    def send(self, authorization: str, body: bytes) -> tuple[int, dict[str, Any], Mapping[str, str]]:
        if authorization != f"Bearer at-{self.granted}":
            return 401, {"error": {"code": 401, "message": "no token", "status": "UNAUTHENTICATED"}}, {}
        said = json.loads(body)
        self.wrong += check_schema(said, DISCOVERY["send"]["request"]["$ref"])
        status, code, headers = self.errors.get(said["message"]["token"], (200, "", {}))
        if status != 200:
            kind = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
            details = [{"@type": kind, "errorCode": code}] if code else []
            return status, {"error": {"code": status, "message": "no", "details": details}}, headers
        self.messages.append(said["message"])
        return 200, {"name": f"projects/{PROJECT}/messages/{len(self.messages)}"}, {}


@contextmanager
def open_firebase() -> Iterator[Firebase]:
    firebase = Firebase()

    class Handler(QuietHandler):
        def reply(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers: Mapping[str, str] = {}
            if self.path == "/token":
                status, said = firebase.grant(body)
            elif self.path == f"/v1/projects/{PROJECT}/messages:send":
                status, said, headers = firebase.send(self.headers.get("authorization", ""), body)
            else:
                status, said = 404, {}
            content = json.dumps(said).encode()
            self.send_response(status)
            for name, value in {**headers, "content-type": "application/json"}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with _serving(Handler) as firebase.url:
        yield firebase


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=lambda: server.serve_forever(0.02))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

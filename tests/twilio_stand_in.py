"""Twilio for tests: a local server that takes what Twilio's published description says it takes.

A request that is none by the description is answered 400, as Twilio would; what Twilio tells us is signed as
its page on security says, step by step, and not with the program's own code.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha1
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from upsell.testing.stand_ins import Heard, Manner, Said, StandIn, open_http_stand_in

DESCRIPTION = json.loads((Path(__file__).parent / "vendor/twilio/create_message.json").read_text("utf-8"))

ACCOUNT = "AC" + "0" * 31 + "a"
TOKEN = "correct-horse-battery-staple"  # of no account
SENDER = "+15005550006"
PUBLIC = "https://mail.acme.example"

_LOGIN = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()


def unfit(heard: Heard) -> str:
    """Say what of a request is not as the description has it; empty when all is."""
    sid = DESCRIPTION["path_parameters"]["AccountSid"]["pattern"].strip("^$")
    path = re.escape(DESCRIPTION["path"]).replace(re.escape("{AccountSid}"), sid)
    if not re.fullmatch(path, heard.path):
        return f"the path {heard.path}"
    if heard.headers["content-type"] != DESCRIPTION["content_type"]:
        return "the content type"
    given = form(heard)
    for name, said in given.items():
        shape = DESCRIPTION["properties"].get(name)
        if shape is None:
            return f"the parameter {name}"
        if shape["type"] == "integer" and not said.isdecimal():
            return f"{name} {said}"
        if "pattern" in shape and not re.search(shape["pattern"], said):
            return f"{name} {said}"
        if shape.get("format") == "uri" and not urlsplit(said).netloc:
            return f"{name} {said}"
    for name in DESCRIPTION["required"]:
        if not given.get(name):
            return f"no {name}"
    for group in DESCRIPTION["conditional"]:
        if not any(given.get(name) for name in group):
            return f"none of {group}"
    return ""


def form(heard: Heard) -> dict[str, str]:
    """Give what a request says."""
    return dict(parse_qsl(heard.body.decode(), keep_blank_values=True))


def key_of(heard: Heard) -> str:
    """Give the message's key, which the callback's address holds."""
    return parse_qs(urlsplit(form(heard).get("StatusCallback", "")).query).get("key", [""])[0]


def error(status: int, code: int, message: str) -> Said:
    """Write an error as Twilio does."""
    told = {
        "code": code,
        "message": message,
        "more_info": "https://www.twilio.com/docs/errors",
        "status": status,
    }
    return Said(status, json.dumps(told).encode(), {"content-type": "application/json"})


ERRORS: dict[Manner, Said] = {
    Manner.REFUSES: error(400, 21211, "Invalid 'To' Phone Number: +1500555XXXX"),
    Manner.NOT_NOW: error(429, 20429, "Too many requests"),
    Manner.BREAKS: error(500, 20500, "An internal server error has occurred"),
}


def answer(manner: Manner, heard: Heard) -> Said:
    """Answer as Twilio does."""
    if heard.headers.get("authorization") != _LOGIN:
        return error(401, 20003, "Authenticate")
    if wrong := unfit(heard):
        return error(400, 21604, f"unfit: {wrong}")
    if manner is not Manner.ACCEPTS:
        return ERRORS[manner]
    sid = sid_of(key_of(heard))
    said = {
        "sid": sid,
        "account_sid": ACCOUNT,
        "status": "queued",
        "to": form(heard)["To"],
        "error_code": None,
    }
    return Said(201, json.dumps(said).encode(), {"content-type": "application/json"})


def sid_of(key: str) -> str:
    """Give the SID of the message with a key."""
    return "SM" + sha1(key.encode(), usedforsecurity=False).hexdigest()[:32]


@contextmanager
def open_twilio_stand_in() -> Iterator[StandIn]:
    """Run it; it takes each message however often it comes, as Twilio does."""
    with open_http_stand_in(key_of, answer, knows_keys=False) as stand_in:
        yield stand_in


def signed(url: str, said: Mapping[str, str], token: str = TOKEN) -> tuple[bytes, dict[str, str]]:
    """Give a request's body and headers as Twilio signs them: the URL, then each name and value by name."""
    text = url + "".join(f"{name}{value}" for name, value in sorted(said.items()))
    mac = base64.b64encode(hmac.new(token.encode(), text.encode(), sha1).digest()).decode()
    headers = {"x-twilio-signature": mac, "content-type": "application/x-www-form-urlencoded"}
    return urlencode(said).encode(), headers

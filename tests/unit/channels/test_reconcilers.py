"""Reconcilers over HTTP, against a local server that answers in the shapes the providers publish.

Mailgun: documentation.mailgun.com, "Retrieves a paginated list of events"; Postmark: postmarkapp.com,
"Messages API", outbound message search.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from tests.mail_servers import open_server
from tests.unit.channels.test_posting_mail import many, provider, sent
from upsell.channels.email import EmailChannel
from upsell.channels.providers import Asked, Asking
from upsell.channels.reconcilers import Fate, HttpReconciler, Question, asked_headers
from upsell.clock import DAY, SECOND
from upsell.testing.stand_ins import QuietHandler

NOW = 1_800_000_000 * SECOND
QUESTION = Question("k1", "k1@acme.example", NOW - 7_200 * SECOND)


class Api:
    """A provider's API.

    Attributes:
        url: Where it is.
        asked: Every request: its path, its query and its headers.
    """

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[tuple[str, dict[str, list[str]], dict[str, str]]] = []


@contextmanager
def open_api(answer: Callable[[dict[str, list[str]]], tuple[int, Any]]) -> Iterator[Api]:
    api = Api()

    class Handler(QuietHandler):
        def reply(self) -> None:
            parts = urlsplit(self.path)
            query = parse_qs(parts.query)
            headers = {name.lower(): value for name, value in self.headers.items()}
            api.asked.append((parts.path, query, headers))
            status, said = answer(query)
            body = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def mailgun_events(*events: str, message_id: str = "k1@acme.example") -> dict[str, Any]:
    """Give a page of events as Mailgun does, with what of each is read here."""
    items = [
        {
            "event": event,
            "id": "czsjqFATSlC3QtAK-C80nw",
            "timestamp": 1376325780.160809,
            "envelope": {"sender": "me@samples.mailgun.org", "transport": ""},
            "message": {"headers": {"message-id": message_id, "to": "ada@example.com"}, "size": 556},
            "recipient": "ada@example.com",
        }
        for event in events
    ]
    page = "https://api.mailgun.net/v3/mg.acme.example/events/W3siY"
    return {"items": items, "paging": {"next": page, "previous": page, "first": page, "last": page}}


def postmark_found(count: int) -> dict[str, Any]:
    message = {
        "Tag": "",
        "MessageID": "0ac29aee-e1cd-480d-b08d-4f48548ff48d",
        "Status": "Sent",
        "Metadata": {},
    }
    return {"TotalCount": count, "Messages": [message] * count}


def ask(of: Asked, said: Any, *, status: int = 200, question: Question = QUESTION) -> Fate:
    with open_api(lambda _: (status, said)) as api:
        return HttpReconciler(Asking(of, api.url, "mg.acme.example", "secret")).ask([question], NOW)["k1"]


@pytest.mark.parametrize(
    ("said", "fate"),
    [
        (mailgun_events("accepted", "delivered"), Fate.ACCEPTED),
        (mailgun_events("failed"), Fate.ACCEPTED),
        (mailgun_events(), Fate.NOT_ACCEPTED),
        (mailgun_events("rejected"), Fate.NOT_ACCEPTED),
        (mailgun_events("accepted", message_id="other@acme.example"), Fate.NOT_ACCEPTED),
        ({"message": "what"}, Fate.CANNOT_TELL),
        (b"<html>", Fate.CANNOT_TELL),
        ([], Fate.CANNOT_TELL),
    ],
)
def test_mailgun_has_a_mail_that_its_events_tell_of(said: Any, fate: Fate) -> None:
    assert ask(Asked.MAILGUN, said) is fate


@pytest.mark.parametrize(
    ("said", "fate"),
    [
        (postmark_found(1), Fate.ACCEPTED),
        (postmark_found(0), Fate.NOT_ACCEPTED),
        ({"ErrorCode": 10, "Message": "Bad or missing Server API token."}, Fate.CANNOT_TELL),
        ({"TotalCount": None}, Fate.CANNOT_TELL),
    ],
)
def test_postmark_has_a_mail_that_its_search_finds(said: Any, fate: Fate) -> None:
    assert ask(Asked.POSTMARK, said) is fate


@pytest.mark.parametrize("status", [401, 404, 429, 500])
@pytest.mark.parametrize(
    ("of", "said"), [(Asked.MAILGUN, mailgun_events()), (Asked.POSTMARK, postmark_found(0))]
)
def test_an_api_that_refuses_or_fails_cannot_tell(of: Asked, said: Any, status: int) -> None:
    assert ask(of, said, status=status) is Fate.CANNOT_TELL


@pytest.mark.parametrize(
    ("of", "said", "days"), [(Asked.MAILGUN, mailgun_events(), 3), (Asked.POSTMARK, postmark_found(0), 7)]
)
def test_what_is_older_than_mails_are_kept_cannot_be_told(of: Asked, said: Any, days: int) -> None:
    old = Question("k1", "k1@acme.example", NOW - days * DAY)
    assert ask(of, said, question=old) is Fate.CANNOT_TELL
    young = Question("k1", "k1@acme.example", NOW - days * DAY + SECOND)
    assert ask(of, said, question=young) is Fate.NOT_ACCEPTED


def test_an_api_that_does_not_answer_cannot_tell() -> None:
    asking = Asking(Asked.POSTMARK, "http://127.0.0.1:1", key="t")
    assert HttpReconciler(asking).ask([QUESTION], NOW) == {"k1": Fate.CANNOT_TELL}


def test_mailgun_is_asked_by_message_id_under_its_api_key() -> None:
    with open_api(lambda _: (200, mailgun_events())) as api:
        HttpReconciler(Asking(Asked.MAILGUN, api.url, "mg.acme.example", "key-1")).ask([QUESTION], NOW)
    ((path, query, headers),) = api.asked
    assert path == "/v3/mg.acme.example/events"
    assert query == {
        "message-id": ["k1@acme.example"],
        "begin": [str(QUESTION.sent_at // SECOND - 3600)],
        "ascending": ["yes"],
        "limit": ["300"],
    }
    assert headers["authorization"] == "Basic " + b64encode(b"api:key-1").decode()


def test_postmark_is_asked_by_the_metadata_that_its_mail_went_out_with() -> None:
    asking = Asking(Asked.POSTMARK, "", key="token-1")
    with open_server() as server:
        one = msgspec.structs.replace(provider(server.port), asking=asking)
        asyncio.run(sent(EmailChannel.over([one]), many(1)))
    (mail,) = server.mails
    assert b"X-PM-KeepID: true\r\n" in mail
    assert mail.count(b"X-PM-Metadata-") == mail.count(b"X-PM-Metadata-key: key0\r\n") == 1
    with open_api(lambda _: (200, postmark_found(1))) as api:
        asked = msgspec.structs.replace(asking, url=api.url)
        HttpReconciler(asked).ask([Question("key0", "", NOW)], NOW)
    ((path, query, headers),) = api.asked
    assert path == "/messages/outbound"
    assert query == {"count": ["1"], "offset": ["0"], "metadata_key": ["key0"]}
    assert headers["x-postmark-server-token"] == "token-1"
    assert asked_headers(None) == asked_headers(Asking(Asked.MAILGUN, "")) == ()

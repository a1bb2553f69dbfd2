"""Reconcilers: providers asked over HTTP what became of a mail whose fate is unknown.

The law: "not accepted" is said only where the provider answered, and keeps mails for as long as it has been;
anything else is "cannot tell". Whoever asks also asks about a mail that is known to be there, for a search
that looks in the wrong place finds nothing either.

Sources: Mailgun, "Retrieves a paginated list of events", GET /v3/{domain}/events with ``message-id``, kept
for at least 3 days; Postmark, "Outbound message search", GET /messages/outbound with ``metadata_``, kept for
7 days at least. Amazon SES has no such question.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, assert_never

import httpx
import msgspec

from upsell.channels.providers import Asked, Asking, Provider
from upsell.clock import DAY, HOUR, SECOND, Duration, Moment

TIMEOUT = 10.0
"""Seconds an API may take over one answer."""

METADATA = "key"
"""Under which name Postmark keeps a message's key; at most 20 characters."""

_HAVE_IT = frozenset(
    {"accepted", "delivered", "failed", "opened", "clicked", "unsubscribed", "complained", "stored"}
)


class Fate(enum.Enum):
    """What a provider says became of a mail."""

    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not accepted"
    CANNOT_TELL = "cannot tell"


class Question(msgspec.Struct, frozen=True):
    """A mail that is asked about: its message's key, its Message-ID without brackets, when it was sent."""

    key: str
    message_id: str
    sent_at: Moment


class Reconciler(Protocol):
    """Something that can be asked what became of mails."""

    def ask(self, questions: Sequence[Question], now: Moment) -> Mapping[str, Fate]:
        """Give what became of each mail by its key; raises nothing."""
        ...


class HttpReconciler:
    """Asks a provider's HTTP API about one mail after the other."""

    def __init__(self, asking: Asking) -> None:
        """Aim at an API; nothing is opened yet."""
        self._asking = asking

    def ask(self, questions: Sequence[Question], now: Moment) -> Mapping[str, Fate]:
        """Give what became of each mail; see ``Reconciler.ask``."""
        with httpx.Client(timeout=TIMEOUT, trust_env=False) as client:
            return {question.key: self._ask(client, question, now) for question in questions}

    def _ask(self, client: httpx.Client, question: Question, now: Moment) -> Fate:
        try:
            answer = client.send(self._request(client, question))
            said = answer.json() if answer.status_code == httpx.codes.OK else None
        except (httpx.HTTPError, ValueError):
            return Fate.CANNOT_TELL
        found = self._read(said, question) if isinstance(said, dict) else None
        if found is None:
            return Fate.CANNOT_TELL
        if found:
            return Fate.ACCEPTED
        return Fate.NOT_ACCEPTED if now - question.sent_at < _kept_for(self._asking.of) else Fate.CANNOT_TELL

    def _request(self, client: httpx.Client, question: Question) -> httpx.Request:
        asking = self._asking
        url = asking.url.rstrip("/")
        asked: dict[str, str | int]
        match asking.of:
            case Asked.MAILGUN:
                begin = (question.sent_at - HOUR) // SECOND
                asked = {"message-id": question.message_id, "begin": begin, "ascending": "yes", "limit": 300}
                request = client.build_request("GET", f"{url}/v3/{asking.domain}/events", params=asked)
                return next(httpx.BasicAuth("api", asking.key).auth_flow(request))
            case Asked.POSTMARK:
                asked = {"count": 1, "offset": 0, f"metadata_{METADATA}": question.key}
                headers = {"X-Postmark-Server-Token": asking.key, "Accept": "application/json"}
                return client.build_request("GET", f"{url}/messages/outbound", params=asked, headers=headers)
            case _:
                assert_never(asking.of)

    def _read(self, said: dict[str, Any], question: Question) -> bool | None:
        """Tell whether an answer shows the mail; None where it is no answer to the question."""
        match self._asking.of:
            case Asked.MAILGUN:
                items = said.get("items")
                return None if not isinstance(items, list) else any(_shows(each, question) for each in items)
            case Asked.POSTMARK:
                total = said.get("TotalCount")
                return None if type(total) is not int else total > 0
            case _:
                assert_never(self._asking.of)


def _shows(item: object, question: Question) -> bool:
    """Whether an event of Mailgun's is of the mail, and one that only what was accepted has."""
    match item:
        case {"event": str(event), "message": {"headers": {"message-id": message_id}}}:
            return event in _HAVE_IT and message_id == question.message_id
        case _:
            return False


def _kept_for(of: Asked) -> Duration:
    """Give how long a provider keeps what is asked for, at least."""
    match of:
        case Asked.MAILGUN:
            return 3 * DAY
        case Asked.POSTMARK:
            return 7 * DAY
        case _:
            assert_never(of)


def open_reconcilers(providers: Iterable[Provider]) -> dict[str, Reconciler]:
    """Give what can be asked of the providers that can be, by name; nothing is opened yet."""
    return {each.name: HttpReconciler(each.asking) for each in providers if each.asking is not None}


def asked_headers(asking: Asking | None) -> tuple[tuple[str, str], ...]:
    """Give the header fields by which a provider can later be asked about a mail.

    Postmark gives mails a Message-ID of its own unless it is told to keep ours, and finds them by the
    metadata that all our mail carries.
    """
    if asking is None or asking.of is not Asked.POSTMARK:
        return ()
    return (("X-PM-KeepID", "true"),)

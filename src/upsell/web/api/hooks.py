"""``POST /hooks/{ses,postmark,sendgrid,mailgun,twilio}`` and ``/v1/bounces``: what became of mail and texts.

A webhook is opened by setting its secret, and proves itself by it; ``/v1/bounces`` takes mail that came back,
as it came, from whoever shows a key for it. The law: 200 is said only when what is believed is committed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final
from xml.sax.saxutils import escape

import psycopg
from litestar import Request, Response, post
from litestar.handlers import HTTPRouteHandler

from upsell.clock import Clock
from upsell.errors import IntakeError, StoreError
from upsell.runtime.intake import Intake, OverloadedError
from upsell.runtime.keyring import KeyRing
from upsell.runtime.mail_desk import SETTING, FetchError, Hook, MailDesk
from upsell.runtime.mail_reports import RETURNED, Matched, tell_taken
from upsell.sources.bounds import LARGEST_BATCH
from upsell.sources.mailboxes import LARGEST_MAIL
from upsell.sources.reports import ForgedError, MalformedError, Reading
from upsell.sources.returned import read_returned
from upsell.store.keys import Scope
from upsell.store.rejections import Rejection
from upsell.web.api.answers import Refused, answer
from upsell.web.api.bodies import TooLargeError, unpacked
from upsell.web.api.doors import AGAIN, turn_away

AnyRequest = Request[Any, Any, Any]

LARGEST_HOOK: Final = 4 * LARGEST_BATCH
"""The most bytes a webhook may send: providers choose the size of their batches."""

_UNAVAILABLE = "the database did not answer; nothing of this request is committed, so send it again"


def hook_routes(desk: MailDesk, intake: Intake, clock: Clock, ring: KeyRing) -> list[HTTPRouteHandler]:
    """Give the routes by which mail providers and mail that came back are heard."""
    door = _Door(desk, intake, clock)

    @post("/hooks/ses", status_code=200, request_max_body_size=LARGEST_HOOK)
    async def ses_hook(request: AnyRequest) -> Response[bytes]:
        """Take what SES says through SNS."""
        return await door.take(request, Hook.SES)

    @post("/hooks/postmark", status_code=200, request_max_body_size=LARGEST_HOOK)
    async def postmark_hook(request: AnyRequest) -> Response[bytes]:
        """Take what Postmark says."""
        return await door.take(request, Hook.POSTMARK)

    @post("/hooks/sendgrid", status_code=200, request_max_body_size=LARGEST_HOOK)
    async def sendgrid_hook(request: AnyRequest) -> Response[bytes]:
        """Take what SendGrid says."""
        return await door.take(request, Hook.SENDGRID)

    @post("/hooks/mailgun", status_code=200, request_max_body_size=LARGEST_HOOK)
    async def mailgun_hook(request: AnyRequest) -> Response[bytes]:
        """Take what Mailgun says."""
        return await door.take(request, Hook.MAILGUN)

    @post("/hooks/twilio", status_code=200, request_max_body_size=LARGEST_HOOK)
    async def twilio_hook(request: AnyRequest) -> Response[bytes]:
        """Take what Twilio says became of a text."""
        return await door.take(request, Hook.TWILIO)

    @post("/hooks/twilio/texts", status_code=200, request_max_body_size=LARGEST_HOOK)
    async def twilio_texts(request: AnyRequest) -> Response[bytes]:
        """Take a text that somebody sent."""
        return await door.take_text(request)

    @post("/v1/bounces", status_code=200, request_max_body_size=LARGEST_MAIL)
    async def bounces(request: AnyRequest) -> Response[bytes]:
        """Take one mail that came back."""
        turned_away = await turn_away(ring, request, Scope.BOUNCES)
        return turned_away if turned_away is not None else await door.take_mail(request)

    return [ses_hook, postmark_hook, sendgrid_hook, mailgun_hook, twilio_hook, twilio_texts, bounces]


class _Door:
    """What the routes share."""

    def __init__(self, desk: MailDesk, intake: Intake, clock: Clock) -> None:
        self._desk = desk
        self._intake = intake
        self._clock = clock

    async def take(self, request: AnyRequest, hook: Hook) -> Response[bytes]:
        """Take a request to a webhook."""
        if not self._desk.is_open(hook):
            return _closed(request, hook)
        body = await request.body()

        async def matched() -> Matched:
            """Prove, read and match."""
            plain = unpacked(body, request.headers.get("content-encoding", ""))
            return await asyncio.wrap_future(
                self._desk.take(hook, _target(request), _headers(request), plain)
            )

        return await self._answered(hook.value, body, matched)

    async def take_text(self, request: AnyRequest) -> Response[bytes]:
        """Take a text that somebody sent; what is answered to them is in the answer, as TwiML."""
        if not self._desk.is_open(Hook.TWILIO):
            return _closed(request, Hook.TWILIO)
        body = await request.body()
        try:
            plain = unpacked(body, request.headers.get("content-encoding", ""))
            taking = self._desk.take_text(_target(request), _headers(request), plain)
            said = await asyncio.wrap_future(taking)
        except TooLargeError as error:
            refused = Refused("request_entity_too_large", str(error))
            return answer(refused, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        except ForgedError as error:
            return answer(Refused("forged", str(error)), HTTPStatus.FORBIDDEN)
        except IntakeError as error:
            return answer(Refused("malformed", str(error)), HTTPStatus.BAD_REQUEST)
        except (psycopg.Error, StoreError):
            return answer(Refused("unavailable", _UNAVAILABLE), HTTPStatus.SERVICE_UNAVAILABLE, AGAIN)
        message = f"<Message>{escape(said)}</Message>" if said else ""
        twiml = f'<?xml version="1.0" encoding="UTF-8"?><Response>{message}</Response>'
        return Response(twiml.encode(), media_type="text/xml")

    async def take_mail(self, request: AnyRequest) -> Response[bytes]:
        """Take one mail that came back; one that reports nothing that can be read is refused."""
        body = await request.body()
        now = self._clock.now()

        async def matched() -> Matched:
            """Read and match."""
            raw = unpacked(body, request.headers.get("content-encoding", ""))
            if not raw.strip():
                msg = "expected a mail that came back, as it came (message/rfc822), got an empty body"
                raise IntakeError(msg)
            reading = await asyncio.to_thread(read_returned, raw, now)
            found = await asyncio.wrap_future(self._desk.match_returned(reading))
            if reading.unread and not reading.reports:
                raise _UnreadableError(reading, found)
            return found

        return await self._answered(RETURNED, body, matched)

    async def _answered(
        self, source: str, body: bytes, matched: Callable[[], Awaitable[Matched]]
    ) -> Response[bytes]:
        """Commit what is matched and say what came of it, or what stood in its way."""
        try:
            found = await matched()
        except TooLargeError as error:
            refused = Refused("request_entity_too_large", str(error))
            return answer(refused, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        except ForgedError as error:
            return answer(Refused("forged", str(error)), HTTPStatus.FORBIDDEN)
        except _UnreadableError as error:
            first = error.reading.unread[0]
            return await self._commit(source, error.found, Refused(first.code, first.message))
        except IntakeError as error:
            return await self._keep_aside(source, body, error)
        except FetchError as error:
            said = f"what proves this request could not be fetched ({error}); send it again"
            return answer(Refused("unproved", said), HTTPStatus.SERVICE_UNAVAILABLE, AGAIN)
        except (psycopg.Error, StoreError):
            return answer(Refused("unavailable", _UNAVAILABLE), HTTPStatus.SERVICE_UNAVAILABLE, AGAIN)
        return await self._commit(source, found, None)

    async def _keep_aside(self, source: str, body: bytes, error: IntakeError) -> Response[bytes]:
        """Refuse a body; where it is proved who sent it, it is kept with the reason."""
        refused = Refused("malformed", str(error))
        shown = body[:4_000].decode("utf-8", "replace")
        kept = Rejection(self._clock.now(), source, "body", refused.code, refused.message, shown)
        is_proved = source == RETURNED or isinstance(error, MalformedError)
        return await self._commit(source, Matched((), (kept,) if is_proved else (), {}), refused)

    async def _commit(self, source: str, found: Matched, refused: Refused | None) -> Response[bytes]:
        try:
            appended = await asyncio.wrap_future(self._intake.submit(found.drafts, found.rejections))
        except OverloadedError as error:
            said = Refused("overloaded", str(error))
            return answer(said, HTTPStatus.TOO_MANY_REQUESTS, AGAIN)
        except (psycopg.Error, StoreError):
            return answer(Refused("unavailable", _UNAVAILABLE), HTTPStatus.SERVICE_UNAVAILABLE, AGAIN)
        self._desk.note(source, found.counts)
        if refused is not None:
            return answer(refused, HTTPStatus.BAD_REQUEST)
        return answer(tell_taken(found, [each.outcome for each in appended]))


def _closed(request: AnyRequest, hook: Hook) -> Response[bytes]:
    said = f"expected {SETTING[hook]} to be set before {request.url.path} takes anything; it is not"
    return answer(Refused("not_set_up", said), HTTPStatus.NOT_FOUND)


def _target(request: AnyRequest) -> str:
    """Give the path a request was posted to, with its query as it was written."""
    query = request.scope["query_string"].decode("latin-1")
    return request.scope["path"] + (f"?{query}" if query else "")


def _headers(request: AnyRequest) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


class _UnreadableError(Exception):
    """A mail that came back says nothing that can be read; it is kept aside all the same."""

    def __init__(self, reading: Reading, found: Matched) -> None:
        super().__init__()
        self.reading = reading
        self.found = found

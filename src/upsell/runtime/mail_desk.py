"""The mail desk: takes what providers say by webhook of mail and texts, once it is proved that they say it.

The laws: for a request that does not prove who it comes from nothing is kept but a count; and nothing is ever
fetched but from SNS, for a topic of ours.
"""

from __future__ import annotations

import enum
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from typing import Final, assert_never
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import structlog

from upsell.clock import Clock, Moment
from upsell.config import Settings, link_base
from upsell.decisions.reach import EMAIL, SMS
from upsell.errors import StoreError
from upsell.runtime.mail_reports import RETURNED, Matched, Trust, match_reports
from upsell.runtime.texting import TextBook
from upsell.sources.hooks import mailgun, postmark, sendgrid, ses, sns, twilio
from upsell.sources.reports import ForgedError, Reading
from upsell.store.connect import Connection, connect
from upsell.store.reported import Outcome, forget_tokens, note_hooks, take_token

FLUSH_SECONDS: Final = 1.0
"""How long counts wait for others, so that a flood of forgeries writes once a second."""

_LARGEST_CERTIFICATE = 64 * 1024
_MOST_CERTIFICATES = 16
_FETCH_SECONDS = 5.0
_MOST_FETCHES = 20
_FETCHES_OVER_SECONDS = 60.0

_log = structlog.get_logger(__name__)


class Hook(enum.Enum):
    """Which provider's webhook; the value is its name in addresses and counts."""

    SES = "ses"
    POSTMARK = "postmark"
    SENDGRID = "sendgrid"
    MAILGUN = "mailgun"
    TWILIO = "twilio"


SETTING: Final[Mapping[Hook, str]] = {
    Hook.SES: "UPSELL_SES_TOPICS",
    Hook.POSTMARK: "UPSELL_POSTMARK_SECRET",
    Hook.SENDGRID: "UPSELL_SENDGRID_PUBLIC_KEY",
    Hook.MAILGUN: "UPSELL_MAILGUN_SIGNING_KEY",
    Hook.TWILIO: "UPSELL_TWILIO_AUTH_TOKEN",
}
"""The setting without which a webhook is closed."""


class FetchError(Exception):
    """SNS did not give what was asked of it; the request can be sent again."""


def fetch_from_sns(url: str) -> bytes:
    """Fetch a certificate, or confirm a subscription; only ever from a host of SNS.

    Raises:
        FetchError: It is elsewhere, or SNS did not answer with 200 and at most 64 KiB.
    """
    if not sns.is_sns_url(url):
        msg = "expected an address of SNS"
        raise FetchError(msg)
    try:
        answer = httpx.get(url, timeout=_FETCH_SECONDS, follow_redirects=False)
    except httpx.HTTPError as error:
        msg = f"SNS did not answer: {type(error).__name__}"
        raise FetchError(msg) from error
    if answer.status_code != httpx.codes.OK or len(answer.content) > _LARGEST_CERTIFICATE:
        msg = f"expected 200 of SNS, got {answer.status_code} with {len(answer.content):,} bytes"
        raise FetchError(msg)
    return answer.content


class MailDesk:
    """Takes requests to webhooks, for a server's threads: each has a connection of its own."""

    def __init__(
        self, url: str, clock: Clock, settings: Settings, fetch: Callable[[str], bytes] = fetch_from_sns
    ) -> None:
        """Take what the settings have a secret for, over the database at ``url``.

        Raises:
            ConfigError: A secret is none.
        """
        self._url = url
        self._clock = clock
        self._fetch = fetch
        self._postmark = settings.postmark_secret
        self._mailgun = settings.mailgun_signing_key
        self._twilio = settings.twilio_auth_token
        self._base = link_base(settings)
        self._texts = TextBook(has_keywords=bool(settings.twilio_keywords))
        written = settings.sendgrid_public_key.strip()
        self._sendgrid = sendgrid.read_public_key(written) if written else None
        self._topics = sns.read_topics(settings.ses_topics)
        self._trust = Trust(is_proved=True, has_engagement=bool(settings.provider_engagement))
        self._certificates: dict[str, bytes] = {}
        self._fetches: deque[float] = deque()
        self._pool = ThreadPoolExecutor(4, "hooks")
        self._local = threading.local()
        self._connections: list[Connection] = []
        self._counts: Counter[tuple[str, Outcome]] = Counter()
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def is_open(self, hook: Hook) -> bool:
        """Tell whether a webhook's secret is set."""
        match hook:
            case Hook.SES:
                return bool(self._topics)
            case Hook.POSTMARK:
                return bool(self._postmark)
            case Hook.SENDGRID:
                return self._sendgrid is not None
            case Hook.MAILGUN:
                return bool(self._mailgun)
            case Hook.TWILIO:
                return bool(self._twilio)
            case _:
                assert_never(hook)

    def take(self, hook: Hook, target: str, headers: Mapping[str, str], body: bytes) -> Future[Matched]:
        """Prove, read and match a request in a thread of the desk's; nothing is committed yet.

        ``target`` is the path it was posted to, with its query.

        The future raises:
            ForgedError: It does not prove who it comes from.
            IntakeError: Its body is none of the provider's.
            FetchError: A certificate could not be fetched.
            psycopg.Error: The database did not answer.
        """
        return self._pool.submit(self._take, hook, target, headers, body)

    def take_text(self, target: str, headers: Mapping[str, str], body: bytes) -> Future[str]:
        """Prove and take a text that somebody sent, in a thread of the desk's; give what is answered.

        What it asks for is committed when the future is done. It raises as that of ``take`` does.
        """
        return self._pool.submit(self._take_text, target, headers, body)

    def match_returned(self, reading: Reading) -> Future[Matched]:
        """Match what a mail that came back says, which anybody may have written; nothing is committed yet."""
        trust = Trust(is_proved=False)
        return self._pool.submit(
            lambda: match_reports(self._connection(), reading, RETURNED, trust, self._clock.now())
        )

    def note(self, hook: str, counts: Mapping[Outcome, int]) -> None:
        """Count what is no event; written within about a second."""
        if not counts:
            return
        with self._lock:
            for outcome, count in counts.items():
                self._counts[hook, outcome] += count
            if self._timer is None:
                self._timer = threading.Timer(FLUSH_SECONDS, self._flush)
                self._timer.daemon = True
                self._timer.start()

    def close(self) -> None:
        """Write what is counted, and give the connections back."""
        with self._lock:
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        self._pool.shutdown()
        self._flush()
        for connection in self._connections:
            connection.close()

    def _take(self, hook: Hook, target: str, headers: Mapping[str, str], body: bytes) -> Matched:
        now = self._clock.now()
        try:
            reading = self._read(hook, target, headers, body, now)
        except ForgedError:
            self.note(hook.value, {Outcome.FORGED: 1})
            raise
        channel = SMS if hook is Hook.TWILIO else EMAIL
        return match_reports(self._connection(), reading, hook.value, self._trust, now, channel)

    def _take_text(self, target: str, headers: Mapping[str, str], body: bytes) -> str:
        source = Hook.TWILIO.value
        try:
            said = twilio.prove_twilio(self._twilio, self._base + target, headers, body)
        except ForgedError:
            self.note(source, {Outcome.FORGED: 1})
            raise
        heard = self._texts.take(self._connection(), self._clock, twilio.read_text(said))
        if not heard.is_known:
            self.note(source, {Outcome.FOREIGN: 1})
        return heard.answer

    def _read(self, hook: Hook, target: str, headers: Mapping[str, str], body: bytes, now: Moment) -> Reading:
        match hook:
            case Hook.SES:
                return self._read_ses(body, now)
            case Hook.POSTMARK:
                shown = headers.get("authorization", ""), headers.get(postmark.HEADER, "")
                postmark.prove_postmark(self._postmark, *shown)
                return postmark.read_postmark(body)
            case Hook.SENDGRID:
                signed = headers.get(sendgrid.SIGNATURE, ""), headers.get(sendgrid.TIMESTAMP, "")
                if self._sendgrid is not None:
                    sendgrid.prove_sendgrid(self._sendgrid, *signed, body)
                    return sendgrid.read_sendgrid(body)
                raise ForgedError(SETTING[hook])
            case Hook.MAILGUN:
                signature, said = mailgun.read_signed(body)
                mailgun.prove_mailgun(self._mailgun, signature, now)
                self._use_up(signature.token, said, now)
                return mailgun.read_mailgun(said)
            case Hook.TWILIO:
                told = twilio.prove_twilio(self._twilio, self._base + target, headers, body)
                key = parse_qs(urlsplit(target).query).get("key", [""])[0]
                return twilio.read_status(told, key, now)
            case _:
                assert_never(hook)

    def _read_ses(self, body: bytes, now: Moment) -> Reading:
        envelope = sns.read_envelope(body)
        sns.check_topic(envelope, self._topics)
        url = sns.check_certificate_url(envelope)
        certificate = self._certificates.get(url) or self._fetched(url)
        sns.prove_sns(envelope, certificate, now)
        if len(self._certificates) >= _MOST_CERTIFICATES:
            self._certificates.clear()
        self._certificates[url] = certificate
        if envelope.type == sns.CONFIRMATION:
            self._fetch(sns.confirmation_url(envelope))
            _log.info("ses_topic_confirmed", topic=envelope.topic_arn)
        if envelope.type != sns.NOTIFICATION:
            return Reading((), (), 1)
        return ses.read_ses(envelope.message)

    def _fetched(self, url: str) -> bytes:
        """Fetch a certificate; whoever knows a topic of ours cannot make us fetch without end.

        Raises:
            FetchError: Too much was fetched in the last minute, or it could not be fetched.
        """
        now = time.monotonic()
        with self._lock:
            while self._fetches and self._fetches[0] < now - _FETCHES_OVER_SECONDS:
                self._fetches.popleft()
            if len(self._fetches) >= _MOST_FETCHES:
                msg = f"{_MOST_FETCHES} certificates were fetched within a minute"
                raise FetchError(msg)
            self._fetches.append(now)
        return self._fetch(url)

    def _use_up(self, token: str, said: bytes, now: Moment) -> None:
        """Hold a token to being new, or to coming again with the same body.

        Raises:
            ForgedError: It came before with another.
        """
        connection = self._connection()
        token_hash = sha256(token.encode("utf-8", "replace")).hexdigest()
        with connection.transaction():
            is_good = take_token(connection, token_hash, sha256(said).digest(), now)
            # A signature may be of a little ahead, and is good for so long from then.
            forget_tokens(connection, now - mailgun.OLDEST - 2 * mailgun.NEWEST)
        if not is_good:
            msg = "expected a token that was not used, got one that came before with another body"
            raise ForgedError(msg)

    def _connection(self) -> Connection:
        held: Connection | None = getattr(self._local, "connection", None)
        if held is None or held.closed:
            held = connect(self._url)
            self._local.connection = held
            self._connections.append(held)
        return held

    def _flush(self) -> None:
        with self._lock:
            counts, self._counts, self._timer = dict(self._counts), Counter(), None
        if not counts:
            return
        try:
            with connect(self._url) as connection:
                note_hooks(connection, counts, self._clock.now())
        except (psycopg.Error, StoreError) as error:
            _log.warning("hooks_not_counted", error=str(error), lost=sum(counts.values()))

"""Kafka: a source that is read from topics, as one consumer group.

The laws: no secret stands in the file, it names the variables that hold them; and a file says where a topic
that was never read is begun, because nobody else can know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from upsell.clock import SECOND, Duration, Moment, parse_moment
from upsell.errors import ConfigError
from upsell.sources.definition import Sort
from upsell.sources.kafka_messages import MILLISECOND, From, KeyIs, read_segment
from upsell.sources.source import Delivery, Read, Source
from upsell.sources.webhook import read_by_rules, read_rules
from upsell.sources.webhook_rules import RuleSet
from upsell.sources.webhook_shape import RULE_KEYS
from upsell.workspace.findings import Findings, Place
from upsell.workspace.items import NOTHING_WRITTEN, Record
from upsell.workspace.scalars import DURATION, SETTING, one_of
from upsell.workspace.shapes import Key, ListOf, RecordOf, Scalar

_TOPIC = r"[A-Za-z0-9._-]{1,249}"
_SERVER = r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?):\d{1,5}"


def _topic(text: str) -> str | None:
    return text if re.fullmatch(_TOPIC, text) and text not in (".", "..") else None


def _servers(text: str) -> str | None:
    if SETTING.parse(text) is not None:
        return text
    servers = [each.strip() for each in text.split(",")]
    return ",".join(servers) if all(re.fullmatch(_SERVER, each) for each in servers) else None


def _start(text: str) -> str | None:
    return text if text in _STARTS or parse_moment(text) is not None else None


_STARTS: Final = tuple(each.value for each in From)
_PROTOCOLS: Final = ("plaintext", "ssl", "sasl_plaintext", "sasl_ssl")
_MECHANISMS: Final = ("plain", "scram-sha-256", "scram-sha-512")

_SECURITY: Final[Mapping[str, tuple[str, str]]] = {
    "user": ("sasl.username", "the variable that holds who logs in"),
    "password": ("sasl.password", "the variable that holds the password"),
    "ca": ("ssl.ca.pem", "the variable that holds the certificate authority's certificate, as PEM"),
    "certificate": ("ssl.certificate.pem", "the variable that holds our certificate, as PEM"),
    "private_key": ("ssl.key.pem", "the variable that holds its private key, as PEM"),
    "key_password": ("ssl.key.password", "the variable that holds the password of that key"),
}
"""What is secret, with librdkafka's word for it."""

_HIDDEN: Final = frozenset({"sasl.password", "ssl.key.pem", "ssl.key.password"})
"""Of these, what is in nothing that is kept of a message."""

_SHAPE: Final = RecordOf(
    {
        "servers": Key(
            Scalar(
                "servers",
                "host:port, several with commas between, or the name of a variable UPSELL_SECRET_... that "
                "holds them",
                _servers,
                {"type": "string"},
            ),
            "where Kafka is",
            True,
        ),
        "topics": Key(
            ListOf(
                Scalar(
                    "topic",
                    "the name of a topic: letters, digits, dots, dashes and underscores",
                    _topic,
                    {"type": "string", "pattern": f"^{_TOPIC}$"},
                ),
                least=1,
            ),
            "what is read",
            True,
        ),
        "start": Key(
            Scalar(
                "start",
                "earliest, latest, or a moment with a zone such as 2026-03-01T12:00:00Z",
                _start,
                {"type": "string"},
                choices=_STARTS,
            ),
            "where a topic that was never read is begun: at its first message, after its last, or at the "
            "first that was sent at a moment or later",
            True,
        ),
        "group": Key(
            Scalar(
                "group", "the name of a consumer group", lambda text: text.strip() or None, {"type": "string"}
            ),
            "the consumer group; without it `upsell-` and the file's name",
        ),
        "lost_after": Key(
            DURATION,
            "after how long without a word a consumer is taken for lost and others read its partitions; most "
            "brokers take 6 seconds to 30 minutes; without it 10 seconds",
        ),
        "key": Key(
            one_of("whose id", KeyIs.CUSTOMER.value, KeyIs.ACCOUNT.value),
            "whose id a message's key is, where its value names none; without it the key is not read",
        ),
        "security": Key(
            RecordOf(
                {
                    "protocol": Key(one_of("protocol", *_PROTOCOLS), "how servers are spoken to", True),
                    "mechanism": Key(one_of("mechanism", *_MECHANISMS), "how we log in, with sasl"),
                    **{key: Key(SETTING, meaning) for key, (_, meaning) in _SECURITY.items()},
                }
            ),
            "how we are let in; without it plaintext, and nobody logs in",
        ),
        **RULE_KEYS,
    }
)


class KafkaDefinition(msgspec.Struct, frozen=True):
    """A source of Kafka as it is written.

    Attributes:
        name: What it is called.
        place: Where it is written.
        servers: Where Kafka is, or the variable that says so.
        topics: What is read.
        group: The consumer group.
        start: Where a topic that was never read is begun.
        key_is: Whose id a message's key is.
        protocol: How servers are spoken to.
        mechanism: How we log in, "" for not at all.
        secrets: Variables that hold secrets, by librdkafka's word for what they are.
        lost_after: After how long without a word a consumer is taken for lost.
        rules: What becomes of messages; None where they are in Segment's shape.
    """

    name: str
    place: Place
    servers: str
    topics: tuple[str, ...]
    group: str
    start: From | Moment
    key_is: KeyIs
    protocol: str
    mechanism: str
    secrets: Mapping[str, str]
    lost_after: Duration = 10 * SECOND
    rules: RuleSet | None = None

    @property
    def path(self) -> str | None:
        """None: it fetches what it reads."""
        return None

    @property
    def settings(self) -> tuple[str, ...]:
        """(): those it names must all be set, which ``config`` sees to."""
        return ()

    def open(self, secrets: Mapping[str, str]) -> Source:
        """Give what reads its messages.

        Raises:
            ConfigError: A variable that it names is not set.
        """
        hidden = (value for word, value in self.config(secrets).items() if word in _HIDDEN)
        return KafkaSource(self.name, tuple(hidden), self.rules)

    def config(self, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """Say in librdkafka's words how the servers are reached; secrets are in it.

        Raises:
            ConfigError: A variable that it names is not set.
        """
        named = dict(self.secrets)
        if SETTING.parse(self.servers) is not None:
            named["bootstrap.servers"] = self.servers
        found = {key: secrets.get(variable, "").strip() for key, variable in named.items()}
        missing = sorted(named[key] for key, value in found.items() if not value)
        if missing:
            msg = f"expected {', '.join(missing)} to be set, which sources/{self.name}.yaml names; it is not"
            raise ConfigError(msg)
        said = {
            "bootstrap.servers": self.servers,
            "security.protocol": self.protocol,
            "session.timeout.ms": str(self.lost_after // MILLISECOND),
            "heartbeat.interval.ms": str(max(1, self.lost_after // MILLISECOND // 4)),
        }
        if self.mechanism:
            said["sasl.mechanism"] = self.mechanism.upper()
        return said | found


class KafkaSource(msgspec.Struct, frozen=True):
    """What reads the messages of a source."""

    name: str
    secrets: tuple[str, ...] = ()
    rules: RuleSet | None = None

    def prove(self, delivery: Delivery, now: Moment) -> None:
        """Nothing is to be proved: whoever may write to the topic is let in by Kafka."""

    def read(self, delivery: Delivery, now: Moment) -> Read:
        """Read a message by the rules, or as one item in Segment's shape where there are none."""
        if self.rules is None:
            return read_segment(delivery)
        return read_by_rules(self.rules, delivery, now)


def _read(name: str, written: Record, findings: Findings) -> KafkaDefinition:
    security = written.record("security") or NOTHING_WRITTEN
    protocol, mechanism = security.text("protocol", "plaintext"), security.text("mechanism")
    secrets = {word: security.text(key) for key, (word, _) in _SECURITY.items() if security.has(key)}
    _check_security(security, protocol, mechanism, findings)
    _check_rules(written, findings)
    start = written.text("start", From.EARLIEST.value)
    return KafkaDefinition(
        name=name,
        place=written.place,
        servers=written.text("servers"),
        topics=tuple(leaf.text for leaf in written.leaves("topics")),
        group=written.text("group", f"upsell-{name}"),
        start=From(start) if start in _STARTS else parse_moment(start) or 0,
        key_is=KeyIs(written.text("key", KeyIs.NOTHING.value)),
        protocol=protocol,
        mechanism=mechanism,
        secrets=secrets,
        lost_after=written.integer("lost_after", 10 * SECOND),
        rules=read_rules(written, findings) if written.has("rules") else None,
    )


def _check_rules(written: Record, findings: Findings) -> None:
    """Note what goes with rules only, or not with them."""
    for key in RULE_KEYS:
        if written.has(key) and not written.has("rules"):
            findings.error(written.keys[key], f"expected rules beside {key}, got none", code="source-rule")
    if written.has("rules") and written.has("key"):
        findings.error(
            written.keys["key"],
            "expected no key beside rules, which read it as headers.kafka_key",
            hint="write customer: headers.kafka_key, or account:",
            code="source-rule",
        )


def _check_security(security: Record, protocol: str, mechanism: str, findings: Findings) -> None:
    """Note what does not go with the protocol."""
    logs_in = protocol.startswith("sasl")
    if logs_in and not (mechanism and security.has("user") and security.has("password")):
        findings.error(
            security.place,
            f"expected mechanism, user and password beside {protocol}, got fewer",
            code="source-security",
        )
    if not logs_in and any(security.has(key) for key in ("mechanism", "user", "password")):
        findings.error(
            security.keys.get("user", security.place),
            f"expected sasl_ssl or sasl_plaintext where somebody logs in, got {protocol}",
            code="source-security",
        )
    if security.has("certificate") != security.has("private_key"):
        findings.error(
            security.place, "expected certificate and private_key together, got one", code="source-security"
        )


KAFKA: Final = Sort("topics of Kafka that are read as one consumer group", _SHAPE, _read)
"""The sort of source that is read from Kafka."""

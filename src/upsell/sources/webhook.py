"""A webhook: a source to which a vendor sends requests, under a path of its own.

The laws: a request is read only when it proves that whoever sent it has the secret; no expression sees what
proves it; and what no rule knows is kept aside, never guessed at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final
from urllib.parse import parse_qs

import msgspec

from upsell.clock import MINUTE, Moment
from upsell.config import SECRET_PREFIX, secrets_of
from upsell.signals.event_table import EVENT_TABLE
from upsell.signals.events import CUSTOMERS_MERGED
from upsell.sources.definition import Sort
from upsell.sources.expressions import Expression, compile_expression
from upsell.sources.mapping import Subject, TimeUnit
from upsell.sources.recipes import recipe_text
from upsell.sources.reports import MalformedError
from upsell.sources.signatures import (
    FIELDS,
    PRESETS,
    Coding,
    Scheme,
    Shown,
    Signed,
    Unit,
    check_secrets,
    fields_in,
    hidden_headers,
    prove,
)
from upsell.sources.source import Delivery, Read, Source
from upsell.sources.webhook_rules import NameRule, Rule, RuleSet, TimeRule, Version, apply_rules
from upsell.sources.webhook_shape import SHAPE
from upsell.workspace.findings import Findings, Place
from upsell.workspace.items import Item, Listing, Record
from upsell.workspace.nodes import compose
from upsell.workspace.reading import Reader
from upsell.workspace.shapes import Key, RecordOf

DEEPEST: Final = 64
"""How deeply values of a body may lie inside one another."""

_FORM: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 100
_RECIPE: Final = RecordOf({"webhook": Key(SHAPE, "the recipe", True)})
_BAD_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class WebhookDefinition(msgspec.Struct, frozen=True):
    """A webhook as it is written."""

    name: str
    place: Place
    path: str
    settings: tuple[str, ...]
    scheme: Scheme
    rules: RuleSet

    def open(self, secrets: Mapping[str, str]) -> Source:
        """Give the source with its secrets.

        Raises:
            ConfigError: A secret is none such as the vendor gives.
        """
        held = secrets_of(self.settings, secrets)
        check_secrets(self.scheme, held)
        return WebhookSource(self.name, held, self.scheme, self.rules)


class WebhookSource(msgspec.Struct, frozen=True):
    """A webhook with its secrets."""

    name: str
    secrets: tuple[str, ...]
    scheme: Scheme
    rules: RuleSet

    def prove(self, delivery: Delivery, now: Moment) -> None:
        """Hold a request to proving that its sender has one of the secrets."""
        prove(self.scheme, self.secrets, delivery, now)

    def read(self, delivery: Delivery, now: Moment) -> Read:
        """Give what becomes of a request, by the rules."""
        return read_by_rules(self.rules, delivery, now, hidden_headers(self.scheme))


def read_webhook(name: str, written: Record, findings: Findings) -> WebhookDefinition | None:
    """Read what is written under ``webhook:``; None where something is wrong, which is then noted."""
    before = len(findings)
    whole = _with_recipe(written, findings)
    scheme = _scheme(whole, findings)
    rules = read_rules(whole, findings)
    for key in ("signature", "rules"):
        if not whole.has(key) and not written.has("recipe"):
            findings.error(
                written.place,
                f"expected the key {key} in webhook, got none",
                hint="or name a ready source with recipe:; upsell sources recipes lists them",
                code="missing-key",
            )
    settings = tuple(leaf.text for leaf in whole.leaves("secrets")) or (usual_setting(name),)
    if scheme is None or len(findings) > before:
        return None
    return WebhookDefinition(name, written.place, whole.text("path", name), settings, scheme, rules)


def read_rules(whole: Record, findings: Findings) -> RuleSet:
    """Read the rules that are written in a source, of whatever sort; what is wrong is noted."""
    usual = {key: _expression(whole, key, findings) for key in ("customer", "account", "id")}
    usual_time = _time(whole, "occurred_at", findings)
    version = whole.record("version")
    known = _expression(version, "of", findings) if version is not None else None
    return RuleSet(
        rules=tuple(
            _rule(item, usual, usual_time, whole, findings)
            for item in whole.each("rules")
            if isinstance(item, Record)
        ),
        items=_expression(whole, "items", findings),
        version=Version(known, frozenset(leaf.text for leaf in version.leaves("accepted")))
        if version is not None and known is not None
        else None,
        kind=_expression(whole, "kind", findings),
        names=_called(whole),
    )


def read_by_rules(rules: RuleSet, delivery: Delivery, now: Moment, hidden: Collection[str] = ()) -> Read:
    """Give what becomes of a delivery by rules, which see none of the headers that are hidden.

    Raises:
        MalformedError: Its body is no JSON, or has no list where one is to be.
    """
    content = _content(delivery)
    try:
        body = msgspec.json.decode(content)
    except _BAD_JSON as error:
        msg = f"expected a body in JSON, got: {error}"
        raise MalformedError(msg) from error
    if not _is_shallow(content, body):
        msg = f"expected values at most {DEEPEST} deep, got deeper ones"
        raise MalformedError(msg)
    headers = {name.replace("-", "_"): said for name, said in delivery.headers.items() if name not in hidden}
    return apply_rules(rules, delivery.body, body, headers, now)


def _content(delivery: Delivery) -> bytes:
    """Give the JSON of a body: itself, or of a form what is in its field ``payload``, as Slack sends it.

    Raises:
        MalformedError: It is a form of too many fields.
    """
    if not delivery.headers.get("content-type", "").startswith(_FORM):
        return delivery.body
    try:
        fields = parse_qs(delivery.body.decode("utf-8", "replace"), max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        msg = f"expected at most {_MOST_FIELDS} fields in a form, got more"
        raise MalformedError(msg) from error
    return fields["payload"][0].encode() if "payload" in fields else delivery.body


def usual_setting(name: str) -> str:
    """Give the variable that holds the secret of a source, where its file names none."""
    return f"{SECRET_PREFIX}{name.upper().replace('-', '_')}"


WEBHOOK: Final = Sort("a vendor that sends requests to a path of its own", SHAPE, read_webhook)
"""The sort of source that takes requests."""


def _is_shallow(raw: bytes, body: object) -> bool:
    """Tell whether no value lies too deep; most bodies have fewer brackets than that."""
    if raw.count(b"[") + raw.count(b"{") <= DEEPEST:
        return True
    level: list[object] = [body]
    for _ in range(DEEPEST):
        inner = [each.values() if isinstance(each, dict) else each for each in level]
        level = [
            said
            for each in inner
            if isinstance(each, Iterable) and not isinstance(each, str)
            for said in each
        ]
        if not level:
            return True
    return False


def _with_recipe(written: Record, findings: Findings) -> Record:
    """Give a record with what its recipe says and it does not; rules of both hold."""
    name = written.text("recipe")
    if not name:
        return written
    file = f"recipe {name}"
    node = compose(file, recipe_text(name), findings)
    read = Reader(file, {}, findings).read(node, _RECIPE) if node is not None else None
    base = read.record("webhook") if isinstance(read, Record) else None
    if base is None:
        return written
    rules = Listing(base.place, (*written.each("rules"), *base.each("rules")))
    items: dict[str, Item] = {**base.items, **written.items, "rules": rules}
    return Record(written.place, items, {**base.keys, **written.keys})


def _called(whole: Record) -> dict[str, dict[str, str]]:
    """Give what values are called here, by property."""
    names = whole.record("names")
    each = names.records() if names is not None else ()
    return {key: {value: said.text(value) for value in said.items} for key, said in each}


def _rule(
    item: Record,
    usual: Mapping[str, Expression | None],
    usual_time: TimeRule | None,
    whole: Record,
    findings: Findings,
) -> Rule:
    subject = _subject(item, findings)
    values = item.record("properties" if subject is Subject.EVENT else subject.value)
    if subject is not Subject.EVENT and item.has("properties"):
        _note(findings, item, "properties", f"a rule with {subject.value} has no properties")
    compiled = (
        {name: _expression(values, name, findings) for name in values.items} if values is not None else {}
    )
    own = {key: _expression(item, key, findings) or usual[key] for key in usual}
    if not item.has("ignore"):
        named = {key for key, each in own.items() if each is not None or item.has(key) or whole.has(key)}
        _check_ids(item, subject, named, findings)
    return Rule(
        when=_expression(item, "when", findings),
        ignore=item.text("ignore"),
        subject=subject,
        name=_name(item, findings) if subject is Subject.EVENT else "",
        customer=own["customer"],
        account=own["account"],
        role=_expression(item, "role", findings),
        occurred_at=_time(item, "occurred_at", findings) or usual_time,
        id=own["id"],
        values={name: each for name, each in compiled.items() if each is not None},
    )


def _subject(item: Record, findings: Findings) -> Subject:
    """Tell what a rule makes; exactly one of its keys must be written, or ``ignore``."""
    said = [subject for subject in Subject if item.has(subject.value)]
    if len(said) + item.has("ignore") != 1:
        got = " and ".join(
            [*(subject.value for subject in said), *(["ignore"] if item.has("ignore") else [])]
        )
        findings.error(
            item.place,
            "expected exactly one of event, customer_traits, account_traits and ignore in a rule, got "
            f"{got or 'none of them'}",
            code="source-rule",
        )
    return said[0] if said else Subject.EVENT


def _check_ids(item: Record, subject: Subject, named: set[str], findings: Findings) -> None:
    """Hold a rule to saying whom what it makes is about."""
    if subject is Subject.CUSTOMER and "customer" not in named:
        _note(findings, item, "customer_traits", "customer_traits need the key customer")
    if subject is Subject.ACCOUNT and "account" not in named:
        _note(findings, item, "account_traits", "account_traits need the key account")
    if subject is Subject.EVENT and not named & {"customer", "account"}:
        _note(findings, item, "event", "an event needs the key customer, account or both")
    if item.has("role") and subject is not Subject.ACCOUNT:
        _note(findings, item, "role", "role stands beside account_traits with both account and customer")


def _note(findings: Findings, item: Record, key: str, message: str) -> None:
    findings.error(item.keys.get(key, item.place), f"expected otherwise: {message}", code="source-rule")


def _name(item: Record, findings: Findings) -> str | NameRule:
    """Give the name of a rule's events, or where it is read."""
    read = item.record("event")
    if read is None:
        leaf = item.leaf("event")
        if leaf is not None:
            _check_name(leaf.text, leaf.place, findings)
        return item.text("event")
    names = read.record("names")
    for leaf in (names.leaf(key) for key in names.items) if names is not None else ():
        if leaf is not None:
            _check_name(leaf.text, leaf.place, findings)
    of = _expression(read, "of", findings)
    called = {key: names.text(key) for key in names.items} if names is not None else {}
    if not called:
        _note(findings, item, "event", "an event whose name is read needs names: what each value is called")
    return NameRule(of, called) if of is not None else ""


def _check_name(name: str, place: Place, findings: Findings) -> None:
    """Note a name that only Upsell itself records."""
    known = EVENT_TABLE.get(name)
    if name == CUSTOMERS_MERGED or (known is not None and known.is_ours):
        findings.error(
            place, f"expected another name: {name} is what Upsell itself records", code="reserved-event"
        )


def _time(item: Record, key: str, findings: Findings) -> TimeRule | None:
    """Give the rule for a time; None when the key is absent."""
    written = item.record(key)
    if written is not None:
        of = _expression(written, "of", findings)
        unit = TimeUnit(written.text("unit", TimeUnit.ISO.value))
        return TimeRule(of, unit) if of is not None else None
    of = _expression(item, key, findings)
    return TimeRule(of) if of is not None else None


def _expression(item: Record, key: str, findings: Findings) -> Expression | None:
    leaf = item.leaf(key)
    return compile_expression(leaf.text, leaf.place, findings) if leaf is not None else None


def _scheme(whole: Record, findings: Findings) -> Scheme | None:
    """Give how requests prove themselves; None where that is not said, or wrong."""
    leaf, written = whole.leaf("signature"), whole.record("signature")
    if leaf is not None:
        return PRESETS[leaf.text]
    if written is None:
        return None
    shown = written.record("shown")
    if shown is not None:
        return _shown(shown, findings)
    hmac = written.record("hmac")
    return _signed(hmac, findings) if hmac is not None else None


def _shown(item: Record, findings: Findings) -> Scheme | None:
    if item.has("header") == item.has("query"):
        findings.error(
            item.place, "expected exactly one of header and query in signature.shown", code="signature"
        )
        return None
    return Shown(header=item.text("header"), prefix=item.text("prefix"), query=item.text("query"))


def _signed(item: Record, findings: Findings) -> Scheme | None:
    stamp = item.record("timestamp")
    template = item.text("signed", "{body}")
    has_time = stamp is not None
    named = fields_in(template)
    for field in named:
        if field not in FIELDS:
            findings.unknown(item.keys["signed"], "field", field, FIELDS, "signature.hmac.signed")
    wrong = _wrong_template(item, named, has_time=has_time)
    if wrong is not None:
        findings.error(item.keys.get("signed", item.place), wrong, code="signature")
    if stamp is not None and stamp.has("header") == stamp.has("part"):
        findings.error(
            stamp.place,
            "expected exactly one of header and part in signature.hmac.timestamp",
            code="signature",
        )
    return Signed(
        header=item.text("header"),
        hash=item.text("hash", "sha256"),
        coding=Coding(item.text("coding", Coding.HEX.value)),
        prefix=item.text("prefix"),
        template=template,
        between=item.text("between"),
        part=item.text("part"),
        time_part=stamp.text("part") if stamp is not None else "",
        time_header=stamp.text("header") if stamp is not None else "",
        id_header=item.text("id_header"),
        unit=Unit(stamp.text("unit", Unit.SECONDS.value)) if stamp is not None else Unit.SECONDS,
        tolerance=stamp.integer("tolerance", 5 * MINUTE) if stamp is not None else 5 * MINUTE,
        is_key_coded=item.text("key") == "base64",
    )


def _wrong_template(item: Record, named: tuple[str, ...], *, has_time: bool) -> str | None:
    """Say what is wrong with what is signed: a body that is not, or a time that could be anything."""
    if "body" not in named:
        return "expected {body} in what is signed, got none: anybody could send another body with the hash"
    if ("timestamp" in named) != has_time:
        return "expected {timestamp} in what is signed and the key timestamp together, got one of them"
    if ("id" in named) != item.has("id_header"):
        return "expected {id} in what is signed and the key id_header together, got one of them"
    return None

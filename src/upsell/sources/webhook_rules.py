"""Rules of a webhook: what becomes of a body, or of each thing that a body tells.

Pure. The laws: every rule that holds makes one thing; where none holds, or one that holds lacks what it
needs, what came is kept aside with a reason; and ids are made of the vendor's own, so what is told twice is
one event.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, assert_never

import msgspec

from upsell.clock import Moment, format_moment, parse_moment
from upsell.ids import digest
from upsell.signals.events import ACCOUNT_IDENTIFIED, CUSTOMER_IDENTIFIED
from upsell.sources.bounds import FARTHEST_AHEAD, LONGEST_NAME
from upsell.sources.expressions import Expression, ExpressionError
from upsell.sources.functions import iso
from upsell.sources.mapping import Subject, TimeUnit
from upsell.sources.reports import MalformedError
from upsell.sources.source import Aside, Item, Read, shown_body
from upsell.sources.table import unfit

MOST_ITEMS: Final = 2_000
"""The most things one body may tell."""

_SHOWN: Final = 120


class TimeRule(msgspec.Struct, frozen=True):
    """Where a time is read, and how it is written."""

    of: Expression
    unit: TimeUnit = TimeUnit.ISO


class NameRule(msgspec.Struct, frozen=True):
    """Where an event's name is read, and what each value is called; one that ``names`` lacks is unknown."""

    of: Expression
    names: Mapping[str, str]


class Version(msgspec.Struct, frozen=True):
    """Where the version of a body is read, and which are known."""

    of: Expression
    accepted: frozenset[str]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of some bodies.

    Attributes:
        when: For which it holds; None for all.
        ignore: Why they are of no use; empty where they are.
        subject: What it makes of them.
        name: The event's name, or where it is read.
        customer: The customer's id.
        account: The account's id.
        role: Roles of the customer in the account.
        occurred_at: When it happened; None for when it came.
        id: The vendor's own id; None to make one of what it says.
        values: Properties or traits.
    """

    when: Expression | None = None
    ignore: str = ""
    subject: Subject = Subject.EVENT
    name: str | NameRule = ""
    customer: Expression | None = None
    account: Expression | None = None
    role: Expression | None = None
    occurred_at: TimeRule | None = None
    id: Expression | None = None
    values: Mapping[str, Expression] = {}


class RuleSet(msgspec.Struct, frozen=True, kw_only=True):
    """All rules of a webhook.

    Attributes:
        rules: The rules, in order.
        items: Where the list is of what a body tells; None where it tells one thing.
        version: Which versions are known; None for any.
        kind: What says of which kind a thing is.
        names: By property or trait, what a value is called here.
    """

    rules: tuple[Rule, ...]
    items: Expression | None = None
    version: Version | None = None
    kind: Expression | None = None
    names: Mapping[str, Mapping[str, str]] = {}


class _AsideError(Exception):
    """What came is kept aside: a code, and what was expected and came."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def apply_rules(rules: RuleSet, raw: bytes, body: Any, headers: Mapping[str, str], now: Moment) -> Read:
    """Give what becomes of a body.

    Args:
        rules: The rules.
        raw: The body as it came, for what is kept aside.
        body: The same, read.
        headers: Its headers without those that prove it, dashes as underscores.
        now: The present.

    Raises:
        MalformedError: It has no list where one is to be, or one that is too long.
    """
    scope = {"body": body, "headers": headers}
    aside = _unknown_version(rules.version, scope, raw)
    if aside is not None:
        return Read(asides=(aside,))
    found: list[Item] = []
    asides: list[Aside] = []
    passed_over = 0
    for place, item in _things(rules, scope):
        shown = shown_body(raw if rules.items is None else _written(item))
        made = list(_made(rules, {**scope, "item": item}, now))
        found += [each for each in made if not isinstance(each, _AsideError) and each is not None]
        asides += [
            Aside(each.code, str(each), shown, place) for each in made if isinstance(each, _AsideError)
        ]
        passed_over += all(each is None for each in made)
    return Read(tuple(found), tuple(asides), passed_over)


def _unknown_version(version: Version | None, scope: Mapping[str, Any], raw: bytes) -> Aside | None:
    if version is None:
        return None
    try:
        said = version.of.of(scope)
    except ExpressionError as error:
        return Aside("unreadable", f"the version could not be read: {error}", shown_body(raw))
    if isinstance(said, str | int | float) and str(said) in version.accepted:
        return None
    known = ", ".join(sorted(version.accepted))
    return Aside(
        "unknown_version", f"expected a body of version {known}, got {_short(said)}", shown_body(raw)
    )


def _things(rules: RuleSet, scope: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give each thing that a body tells, with its place.

    Raises:
        MalformedError: There is no list of them, or too long a one.
    """
    if rules.items is None:
        yield "body", scope["body"]
        return
    try:
        found = rules.items.of(scope)
    except ExpressionError as error:
        msg = f"expected a list at {rules.items.text}, got: {error}"
        raise MalformedError(msg) from error
    if not isinstance(found, list):
        msg = f"expected a list at {rules.items.text}, got {_short(found)}"
        raise MalformedError(msg)
    if len(found) > MOST_ITEMS:
        msg = f"expected at most {MOST_ITEMS:,} things in one body, got {len(found):,}"
        raise MalformedError(msg)
    for index, item in enumerate(found):
        yield str(index), item


def _made(rules: RuleSet, scope: Mapping[str, Any], now: Moment) -> Iterator[Item | _AsideError | None]:
    """Give what each rule that holds makes: None for one by which it is of no use."""
    is_known = False
    for rule in rules.rules:
        try:
            if rule.when is not None and not rule.when.is_true(scope):
                continue
            is_known = True
            yield None if rule.ignore else _make(rule, rules.names, scope, now)
        except _AsideError as error:
            yield error
        except ExpressionError as error:
            is_known = True
            yield _AsideError("unreadable", f"a rule made no sense of it: {error}")
    if not is_known:
        yield _AsideError("unknown_kind", f"expected a kind that a rule knows, got {_kind(rules, scope)}")


def _make(rule: Rule, names: Mapping[str, Mapping[str, str]], scope: Mapping[str, Any], now: Moment) -> Item:
    """Make the item of a rule.

    Raises:
        _AsideError: What came lacks something, or says it otherwise than it must.
        ExpressionError: An expression makes no sense of what came.
    """
    name = _name(rule, scope)
    customer = _id(rule.customer, scope, "customer")
    account = _id(rule.account, scope, "account")
    found = {key: each.of(scope) for key, each in rule.values.items()}
    values = {key: _called(said, names.get(key, {})) for key, said in found.items() if said is not None}
    _check_ids(rule, customer, account)
    wrong = unfit(name, values)
    if wrong is not None:
        raise _AsideError(*wrong)
    item: dict[str, Any] = {
        "messageId": _message_id(rule, scope, name),
        "userId": customer,
        "timestamp": _occurred_at(rule.occurred_at, scope, now),
    }
    match rule.subject:
        case Subject.EVENT:
            item |= {"type": "track", "event": name, "properties": values}
            item |= {"context": {"groupId": account}} if account is not None else {}
        case Subject.CUSTOMER:
            item |= {"type": "identify", "traits": values}
            item |= {"context": {"groupId": account}} if account is not None else {}
        case Subject.ACCOUNT:
            item |= {"type": "group", "groupId": account, "traits": values | _roles(rule, scope)}
        case _:
            assert_never(rule.subject)
    return {key: said for key, said in item.items() if said is not None}


def _called(said: Any, names: Mapping[str, str]) -> Any:
    """Give what a value is called here; one that has no other name stays."""
    return names.get(str(said), said) if names and isinstance(said, str | int) else said


def _name(rule: Rule, scope: Mapping[str, Any]) -> str:
    match rule.subject:
        case Subject.CUSTOMER:
            return CUSTOMER_IDENTIFIED
        case Subject.ACCOUNT:
            return ACCOUNT_IDENTIFIED
        case Subject.EVENT:
            pass
        case _:
            assert_never(rule.subject)
    if isinstance(rule.name, str):
        return rule.name
    said = rule.name.of.of(scope)
    found = rule.name.names.get(str(said)) if isinstance(said, str | int | float) else None
    if found is None:
        known = ", ".join(sorted(rule.name.names))
        raise _AsideError("unknown_kind", f"expected one of {known}, got {_short(said)}")
    return found


def _id(of: Expression | None, scope: Mapping[str, Any], what: str) -> str | None:
    """Give an id as text; None where there is none."""
    said = of.of(scope) if of is not None else None
    if said is None or said == "":
        return None
    if isinstance(said, bool) or not isinstance(said, str | int):
        raise _AsideError("invalid_id", f"expected the id of the {what} at {_text(of)}, got {_short(said)}")
    found = str(said).strip()
    if not found or len(found) > LONGEST_NAME or not found.isprintable():
        raise _AsideError(
            "invalid_id",
            f"expected the id of the {what} of at most {LONGEST_NAME} printable characters at {_text(of)}, "
            f"got {_short(said)}",
        )
    return found


def _check_ids(rule: Rule, customer: str | None, account: str | None) -> None:
    """Hold what came to naming whom it is about."""
    lacks_customer = rule.subject is Subject.CUSTOMER and customer is None
    lacks_account = rule.subject is Subject.ACCOUNT and account is None
    if not (lacks_customer or lacks_account or (customer is None and account is None)):
        return
    asked = {
        "customer": (rule.customer, lacks_account),
        "account": (rule.account, lacks_customer),
    }
    places = [f"the {what} at {_text(of)}" for what, (of, is_idle) in asked.items() if of and not is_idle]
    raise _AsideError("missing_id", f"expected the id of {' or of '.join(places) or 'somebody'}, got none")


def _occurred_at(of: TimeRule | None, scope: Mapping[str, Any], now: Moment) -> str | None:
    """Give when it happened as ISO 8601; None where no rule says where that is written."""
    if of is None:
        return None
    said = of.of.of(scope)
    written = iso(said, of.unit.value)
    at = parse_moment(written) if written is not None else None
    if at is None:
        wanted = "ISO 8601 with a zone" if of.unit is TimeUnit.ISO else f"{of.unit.value} since 1970"
        raise _AsideError("invalid_time", f"expected a time in {wanted} at {of.of.text}, got {_short(said)}")
    if not 0 <= at <= now + FARTHEST_AHEAD:
        raise _AsideError(
            "invalid_time",
            f"expected a time from 1970 to a day ahead at {of.of.text}, got {_short(said)}",
        )
    return format_moment(at)


def _message_id(rule: Rule, scope: Mapping[str, Any], name: str) -> str | None:
    """Give the id of what is made: the vendor's, and what it became, for one thing may become several."""
    if rule.id is None:
        return None
    found = _id(rule.id, scope, "event")
    if found is None:
        raise _AsideError("missing_id", f"expected the vendor's own id at {rule.id.text}, got none")
    whole = f"{found}/{name}"
    return whole if len(whole) <= LONGEST_NAME else digest("delivery", found, name)


def _roles(rule: Rule, scope: Mapping[str, Any]) -> dict[str, Any]:
    if rule.role is None:
        return {}
    said = rule.role.of(scope)
    roles = [said] if isinstance(said, str) else said
    if roles is None:
        return {}
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise _AsideError(
            "invalid_role", f"expected a role or a list of them at {rule.role.text}, got {_short(said)}"
        )
    return {"roles": roles}


def _kind(rules: RuleSet, scope: Mapping[str, Any]) -> str:
    """Say of which kind a thing is, for whoever reads what was kept aside."""
    if rules.kind is None:
        return "another"
    try:
        return _short(rules.kind.of(scope))
    except ExpressionError:
        return "one that cannot be told"


def _text(of: Expression | None) -> str:
    return of.text if of is not None else "nothing"


def _written(said: Any) -> bytes:
    """Write a value as JSON, also one with text that is no Unicode."""
    return json.dumps(said, ensure_ascii=False).encode("utf-8", "replace")


def _short(said: Any) -> str:
    """Show a value on one line, shortened."""
    if said is None:
        return "none"
    text = said if isinstance(said, str) else _written(said).decode("utf-8", "replace")
    shown = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text[:1_000])
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."

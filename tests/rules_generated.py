"""Strategies for the rules' property tests: rules of every kind, and worlds to ask them over."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.rules_world import NOON, Happening, World
from upsell.clock import DAY, HOUR
from upsell.rules.facts import Scalar
from upsell.rules.kinds import Kind
from upsell.rules.vocabulary import Vocabulary

NAMES = {
    "n": Kind.NUMBER, "First Number": Kind.NUMBER, "größe": Kind.NUMBER,
    "t": Kind.TEXT, "Last.Text": Kind.TEXT, "b": Kind.BOOLEAN, "m": Kind.MOMENT, "d": Kind.MOMENT,
}  # fmt: skip
VOCABULARY = Vocabulary(
    traits={"customer": NAMES},
    fields={
        "plan": {"tier": Kind.NUMBER, "name": Kind.TEXT},
        "subscription": {"renews_at": Kind.MOMENT, "status": Kind.TEXT, "seats": Kind.NUMBER},
        "cart": {"updated_at": Kind.MOMENT, "amount": Kind.NUMBER, "premium": Kind.TEXT},
        "fit": {"plan": Kind.TEXT, "is_staying": Kind.BOOLEAN, "saving": Kind.NUMBER},
    },
)

TEXTS = (
    "", "a", "B", "b", "z", "é", "e\u0301", "ß", "ｚ", "\uffff", "😀", "a%b", "a_b", "a!b", "it's", "a\\b",
    "a\nb", "aXb", "a😀b", "Pro", "1", "true", "2026-01-01T00:00:00Z",
)  # fmt: skip
DATES = (
    "2026-03-01T00:00:00Z", "2026-03-15t12:00:00z", "2026-03-15 12:00:00.5+00:00", "2026-03-14T23:00-01:00",
    "2026-03-20T00:00:00,123456789Z", "2024-02-29T10:00:00+0530", "2023-02-29T10:00:00Z",
    "2026-03-15T12:00:00",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999-23:59", "0000-01-01T00:00:00Z",
    "1969-12-31T23:59:59.9Z",
    "2026-13-01T00:00:00Z", "2026-04-31T00:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01T23:59:60Z",
    "1900-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "2026-03-01", "2026-03-01T00:00:00+15:99",
    "2026-03-01T00:00Z", "2026-03-01T10:20-0030", "２０２６-03-01T00:00:00Z",
    "2026-03-01T00:00:59.1234567+01:00",
)  # fmt: skip
NUMBERS = (
    0, 0.0, -0.0, 1, -1, 2, 3, 0.5, 0.1, 0.2, 0.3, 2.5, -7.25, 100, 1e6, 2**53 + 1, -(2**60),
    1e30, 1.5e30, -1e30,
    1e-30, 1e-31, 5e-324, 10**40, 123456789012345678901,
)  # fmt: skip

scalars: st.SearchStrategy[Scalar] = st.one_of(
    st.none(), st.booleans(), st.sampled_from(NUMBERS), st.sampled_from(TEXTS), st.sampled_from(DATES)
)


def _of_kind(kind: Kind) -> st.SearchStrategy[Scalar]:
    """Give values that mostly are of a kind, and sometimes of another."""
    fitting: dict[Kind, st.SearchStrategy[Scalar]] = {
        Kind.NUMBER: st.sampled_from(NUMBERS),
        Kind.TEXT: st.sampled_from(TEXTS),
        Kind.BOOLEAN: st.booleans(),
        Kind.MOMENT: st.sampled_from(DATES),
    }
    return st.one_of(fitting[kind], fitting[kind], scalars)


def _members(names: dict[str, Kind]) -> st.SearchStrategy[dict[str, Scalar]]:
    """Give objects in which any of the names may be absent."""
    return st.fixed_dictionaries({}, optional={name: _of_kind(kind) for name, kind in names.items()})


_moments_near = st.one_of(
    st.integers(-80 * DAY, 0).map(lambda back: NOON + back),
    st.integers(-80 * 24, 0).map(lambda back: NOON + back * HOUR),
    st.sampled_from([NOON, NOON - 7 * DAY, NOON - 30 * DAY, NOON - 7 * DAY + 1]),
)
happenings = st.builds(
    Happening,
    name=st.sampled_from(["Viewed", "It's"]),
    occurred_at=_moments_near,
    properties=_members({"x": Kind.NUMBER, "y": Kind.TEXT, "b": Kind.BOOLEAN, "m": Kind.MOMENT}),
)
_fits = _members({"plan": Kind.TEXT, "is_staying": Kind.BOOLEAN, "saving": Kind.NUMBER})
worlds = st.builds(
    World,
    events=st.lists(happenings, max_size=8).map(tuple),
    customer=_members(NAMES),
    account=_members({"region": Kind.TEXT, "size": Kind.NUMBER, "vip": Kind.BOOLEAN}),
    plan=_members({"tier": Kind.NUMBER, "name": Kind.TEXT}),
    subscription=st.fixed_dictionaries(
        {},
        optional={
            "renews_at": st.integers(-40, 400).map(lambda days: NOON + days * DAY // 4),
            "status": st.sampled_from(TEXTS),
            "seats": st.sampled_from(NUMBERS),
        },
    ),
    cart=st.fixed_dictionaries(
        {},
        optional={
            "updated_at": st.integers(-40, 4).map(lambda days: NOON + days * DAY // 4),
            "amount": st.sampled_from(NUMBERS),
            "premium": st.sampled_from(TEXTS),
        },
    ),
    used=st.dictionaries(st.sampled_from(["api", "seats"]), st.sampled_from([0.0, 1.0, 80.0, 99.5])),
    limits=st.dictionaries(st.sampled_from(["api", "seats"]), st.sampled_from([0.0, 1.0, 100.0])),
    reached_at=st.dictionaries(
        st.sampled_from(["api", "seats"]), st.integers(-2 * DAY, 12 * DAY).map(lambda ahead: NOON + ahead)
    ),
    period_ends_at=st.one_of(st.none(), st.integers(1, 30 * DAY).map(lambda ahead: NOON + ahead)),
    fits=st.tuples(_fits, _fits),
    fit_turns_at=st.one_of(st.none(), st.integers(-DAY, 20 * DAY).map(lambda ahead: NOON + ahead)),
    packs=st.one_of(st.just({}), st.dictionaries(st.sampled_from(["api", "seats"]), st.just(50.0))),
)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


text_literals = st.sampled_from(TEXTS).map(_quoted)
number_literals = st.sampled_from(["0", "1", "-1", "2.5", "0.1", "0.3", "3", "100", "1e6", "1e-7"])
moment_literals = st.sampled_from(
    ["date '2026-03-01'", "timestamp '2026-03-15T12:00:00Z'", "timestamp '2026-03-15T13:00:00+02:00'"]
)
intervals = st.sampled_from(
    [
        "interval '1 second'",
        "interval '36 hours'",
        "interval '7 days'",
        "interval '30 days'",
        "interval '10 weeks'",
    ]
)
patterns = st.sampled_from(
    [
        "'%'",
        "'a%'",
        "'a_b'",
        "'a\\%b'",
        "'a!%b' escape '!'",
        "'%é%'",
        "'_'",
        "'a\\\\b'",
        "''",
        "'%''s'",
        "'a!b'",
    ]
)
comparisons = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
conditions = st.sampled_from(
    [
        "", ", properties.x > 1", ", properties.y = 'a'", ", properties.y like 'a%' or properties.b",
        ", not properties.b", ", properties.m < date '2026-03-10'", ", properties.y is null",
        ", properties.x in (1, 2.5, 0)", ", coalesce(properties.x, 1) / properties.x >= 1",
    ]
)  # fmt: skip


@st.composite
def counts(draw: st.DrawFn) -> str:
    """Draw a number taken of events."""
    event, window, condition = (
        _quoted(draw(st.sampled_from(["Viewed", "It's"]))),
        draw(intervals),
        draw(conditions),
    )
    return draw(
        st.sampled_from(
            [
                f"event_count({event}, {window}{condition})",
                f"event_sum({event}, 'x', {window}{condition})",
                f"event_distinct({event}, 'x', {window}{condition})",
                f"event_distinct({event}, 'y', {window}{condition})",
                f"trend({event}, {window})",
            ]
        )
    )


@st.composite
def still_moments(draw: st.DrawFn, depth: int = 1) -> str:
    """Draw a moment that stands still."""
    if depth and draw(st.integers(0, 3)) == 0:
        inner = draw(still_moments(depth - 1))
        return draw(st.sampled_from([f"({inner} + {draw(intervals)})", f"coalesce({inner}, customer.m)"]))
    event, condition = _quoted(draw(st.sampled_from(["Viewed", "It's"]))), draw(conditions)
    named = ["customer.m", "customer.d", "subscription.renews_at", "cart.updated_at"]
    dated = [f"first_event({event}{condition})", f"last_event({event}{condition})"]
    return draw(st.one_of(st.sampled_from(named + dated), moment_literals))


@st.composite
def still_numbers(draw: st.DrawFn, depth: int = 2) -> str:
    """Draw a number that does not move with every instant."""
    if depth == 0:
        named = ["customer.n", 'customer."First Number"', "customer.größe", "plan.tier", "subscription.seats"]
        named += ["cart.amount", "fit.saving"]
        measured = ["usage('api')", "limit('api')", "usage_ratio('api')", "usage_ratio('seats')"]
        measured += ["usage_over('api')", "days_to_limit('api')", "days_to_limit_at_least('seats')"]
        measured += ["days_to_limit_at_most('api')"]
        return draw(st.one_of(st.sampled_from(named + measured), number_literals, counts()))
    one, other = draw(still_numbers(depth - 1)), draw(still_numbers(depth - 1))
    form = draw(st.sampled_from(["leaf", "leaf", "+", "-", "*", "/", "negated", "coalesce", "case"]))
    match form:
        case "leaf":
            return one
        case "negated":
            return f"(- {one})"
        case "coalesce":
            return f"coalesce({one}, {other})"
        case "case":
            first, second = draw(booleans(0)), draw(booleans(0))
            return f"case when {first} then {one} when {second} then null else {other} end"
        case _:
            return f"({one} {form} {other})"


@st.composite
def moving_numbers(draw: st.DrawFn) -> str:
    """Draw a number that moves with every instant, once."""
    days = f"{draw(st.sampled_from(['days_since', 'days_until']))}({draw(still_moments())})"
    other = draw(still_numbers(0))
    forms = [days, days, f"({days} + {other})", f"({other} * {days})", f"({days} / {other})", f"(- {days})"]
    return draw(st.sampled_from([*forms, f"coalesce({days}, {other})", f"({other} - {days})"]))


texts = st.one_of(
    st.sampled_from(
        ["customer.t", 'customer."Last.Text"', "plan.name", "subscription.status", "cart.premium", "fit.plan"]
    ),
    text_literals,
)


@st.composite
def atoms(draw: st.DrawFn) -> str:
    """Draw a truth that is no and, or, not."""
    compare = draw(comparisons)
    form = draw(st.integers(0, 12))
    one, other = draw(still_numbers()), draw(still_numbers(1))
    text, moment = draw(texts), draw(still_moments())
    truths = ["customer.b", "account.vip", "fit.is_staying"]
    forms = [
        f"{one} {compare} {other}",
        f"{draw(moving_numbers())} {compare} {draw(still_numbers(0))}",
        f"{draw(still_numbers(0))} {compare} {draw(moving_numbers())}",
        f"{text} {compare} {draw(texts)}",
        f"{moment} {compare} {draw(still_moments())}",
        f"now() {compare} {moment}",
        f"{moment} {compare} now() - {draw(intervals)}",
        f"{text} {draw(st.sampled_from(['like', 'not like']))} {draw(patterns)}",
        f"{one} {draw(st.sampled_from(['in', 'not in']))} ({draw(number_literals)}, {other})",
        f"{text} in ({draw(text_literals)}, {draw(text_literals)})",
        f"{draw(st.sampled_from([one, moment, 'account.other', 'fit.plan', *truths]))} is null",
        f"{one} between {draw(number_literals)} and {other}",
        f"{draw(st.sampled_from(truths))} {draw(st.sampled_from(['=', '<>']))} true",
    ]
    return forms[form]


@st.composite
def booleans(draw: st.DrawFn, depth: int = 2) -> str:
    """Draw a truth."""
    if depth == 0:
        plain = ["customer.b", "account.vip", "fit.is_staying", "true", "false"]
        return draw(st.one_of(atoms(), st.sampled_from(plain)))
    one, other = draw(booleans(depth - 1)), draw(booleans(depth - 1))
    forms = [one, f"({one} and {other})", f"({one} or {other})", f"(not {one})", f"({one} is not true)"]
    return draw(st.sampled_from([*forms, f"case when {one} then {other} end"]))

"""The kinds of text and numbers that workspace files hold.

Each is read to one value: durations to microseconds, rates to exact fractions, dates to ISO text.
"""

from __future__ import annotations

import enum
import re
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Final

from babel.core import Locale, get_global

from upsell.clock import DAY, HOUR, MINUTE, SECOND, WEEK, find_zone, parse_moment
from upsell.config import SECRET_PREFIX
from upsell.decisions.us_states import STATES
from upsell.workspace.locales import find_locale
from upsell.workspace.shapes import Scalar

UNLIMITED = "unlimited"
"""What stands for a limit that is none."""

LONGEST = 3_650 * DAY
"""The longest duration a file may state."""

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Days of the week as they are written, Monday first."""

_UNITS = {"second": SECOND, "minute": MINUTE, "hour": HOUR, "day": DAY, "week": WEEK}
_DURATION = r"(\d{1,9}) (second|minute|hour|day|week)s?"
_WEIGHT = r"\d{1,6}"
_PERIODS = ("month", "quarter", "year")
_PERCENT = r"(\d{1,6}(?:\.\d{1,9})?) ?%"
_NAME = r"[a-z0-9]+([-_][a-z0-9]+)*"
_SIGNAL = r"[a-z][a-z0-9_]*"
_TRAIT = r"[A-Za-z_][A-Za-z0-9_]*"
_SLA = r"([1-9]\d{0,2}) working (hour|day)s?"
_DATE = r"\d{4}-\d\d-\d\d"
_TIME = r"([01]\d|2[0-3]):[0-5]\d|24:00"
_DAYS = rf"({'|'.join(WEEKDAYS)})(?:-({'|'.join(WEEKDAYS)}))?"
_FULL_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKLY = rf"({'|'.join(_FULL_DAYS)}) ([01]\d|2[0-3]):([0-5]\d)"
_JURISDICTION = r"([A-Z]{2})(?:-([A-Z0-9]{1,3}))?"
_HOST = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_EMAIL = rf"[^@\s<>,;:\"()\[\]\\]+@{_HOST}(\.{_HOST})*"


def _plain_text(text: str) -> str | None:
    return text.strip() or None


def _duration(text: str) -> int | None:
    found = re.fullmatch(_DURATION, text.strip())
    if found is None:
        return None
    lasts = int(found[1]) * _UNITS[found[2]]
    return lasts if lasts <= LONGEST else None


def _positive_duration(text: str) -> int | None:
    return _duration(text) or None


def _decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    digits = number.adjusted()
    exponent = number.as_tuple().exponent
    return number if digits < 15 and isinstance(exponent, int) and exponent >= -15 else None


def _threshold(text: str) -> Decimal | None:
    percent = re.fullmatch(_PERCENT, text.strip())
    if percent is not None:
        return Decimal(percent[1]) / 100
    return _decimal(text.strip())


def _rate(text: str) -> Decimal | None:
    rate = _threshold(text)
    return rate if rate is not None and 0 <= rate <= 1 else None


def _step(text: str) -> Decimal | None:
    step = _threshold(text)
    return step if step is not None and step > 0 else None


def _held_rate(text: str) -> Decimal | None:
    rate = _rate(text)
    return rate if rate is not None and rate < 1 else None


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch(r"-?\d{1,9}", text) else None


def _count(text: str) -> int | None:
    number = _whole(text)
    return number if number is not None and number >= 0 else None


def _positive(text: str) -> int | None:
    return _count(text) or None


def _amount(text: str) -> Decimal | None:
    number = _decimal(text)
    return number if number is not None and number >= 0 else None


def _date(text: str) -> str | None:
    try:
        return date.fromisoformat(text).isoformat() if re.fullmatch(_DATE, text) else None
    except ValueError:
        return None


def _date_or_moment(text: str) -> str | None:
    return _date(text) or (text if parse_moment(text) is not None else None)


def _weekly(text: str) -> int | None:
    """Read a weekday and a time of day to minutes since the beginning of Monday."""
    found = re.fullmatch(_WEEKLY, text.strip().lower())
    return WEEKDAYS.index(found[1][:3]) * 1440 + int(found[2]) * 60 + int(found[3]) if found else None


def _minutes(text: str) -> int | None:
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)|24:00", text)
    if found is None:
        return None
    return 1_440 if found[1] is None else int(found[1]) * 60 + int(found[2])


def _days(text: str) -> str | None:
    found = re.fullmatch(_DAYS, text)
    if found is None or (found[2] is not None and WEEKDAYS.index(found[1]) >= WEEKDAYS.index(found[2])):
        return None
    return text


def days_between(text: str) -> range:
    """Give the days of the week, 0 for Monday, that ``sat`` or ``mon-fri`` names."""
    first, _, last = text.partition("-")
    return range(WEEKDAYS.index(first), WEEKDAYS.index(last or first) + 1)


def _time_span(text: str) -> str | None:
    opens, dash, closes = text.partition("-")
    first, last = _minutes(opens), _minutes(closes)
    return text if dash and first is not None and last is not None and first < last else None


def minutes_between(text: str) -> tuple[int, int]:
    """Give the minutes of the day, ``[opens, closes)``, of a span such as ``09:00-17:30``."""
    opens, _, closes = text.partition("-")
    return _minutes(opens) or 0, _minutes(closes) or 0


def _jurisdiction(text: str) -> str | None:
    found = re.fullmatch(_JURISDICTION, text)
    if found is None or found[1] not in _countries():
        return None
    return text if found[1] != "US" or found[2] is None or found[2] in STATES else None


def _email(text: str) -> str | None:
    return text if len(text) <= 254 and re.fullmatch(_EMAIL, text) else None


@cache
def currencies() -> frozenset[str]:
    """Give the ISO 4217 codes there are, also of currencies no longer used."""
    return frozenset(get_global("all_currencies"))


@cache
def _countries() -> frozenset[str]:
    """Give the ISO 3166 codes of countries."""
    names = map(str, Locale("en").territories)
    return frozenset(code for code in names if re.fullmatch("[A-Z]{2}", code))


def _currency(text: str) -> str | None:
    return text if text in currencies() else None


def _zone(text: str) -> str | None:
    return text if find_zone(text) is not None else None


def _matching(pattern: str, most: int = 100) -> Any:
    def parse(text: str) -> str | None:
        return text if len(text) <= most and re.fullmatch(pattern, text) else None

    return parse


def _setting(text: str) -> str | None:
    rest = text.removeprefix(SECRET_PREFIX)
    fits = rest != text and rest.replace("_", "").isalnum() and rest.isascii() and rest == rest.upper()
    return text if fits and len(text) <= 100 else None


def one_of(name: str, *choices: str) -> Scalar:
    """Give the scalar that is one of a few words."""
    expected = choices[0] if len(choices) == 1 else f"one of {', '.join(choices)}"
    allowed = frozenset(choices)
    return Scalar(
        name,
        expected,
        lambda text: text if text in allowed else None,
        {"enum": list(choices)},
        takes_booleans=True,
        choices=choices,
    )


def count_to(most: int) -> Scalar:
    """Give the scalar that is a whole number from 1 to ``most``."""
    return Scalar(
        f"whole number from 1 to {most}",
        f"a whole number from 1 to {most}",
        lambda text: number if 0 < (number := _count(text) or 0) <= most else None,
        {"type": "integer", "minimum": 1, "maximum": most},
        takes_numbers=True,
    )


def of_enum(name: str, members: type[enum.Enum]) -> Scalar:
    """Give the scalar that is the value of a member of an enum."""
    return one_of(name, *(member.value for member in members))


def percent(rate: Decimal) -> str:
    """Write a share as a percentage without needless digits."""
    return f"{(rate * 100).normalize():f}%"


_SHARES: Final = [
    {"type": "string", "pattern": f"^{_PERCENT}$"},
    {"type": "number", "minimum": 0, "maximum": 1},
]

TEXT = Scalar("text", "text", _plain_text, {"type": "string", "minLength": 1})
SHORTEST_REASON: Final = 12
"""The fewest characters that can be a reason: two or three words."""
REASON = Scalar(
    "reason",
    f"a reason in words, of {SHORTEST_REASON} characters or more",
    lambda text: text.strip() if len(text.strip()) >= SHORTEST_REASON else None,
    {"type": "string", "minLength": SHORTEST_REASON},
)
DURATION = Scalar(
    "duration",
    "a duration in seconds, minutes, hours, days or weeks, such as 3 days (at most 3650 days)",
    _positive_duration,
    {"type": "string", "pattern": f"^{_DURATION}$"},
)
COOL_DOWN = Scalar(
    "duration or 0 days",
    "a duration in seconds, minutes, hours, days or weeks, such as 3 days or 0 days",
    _duration,
    {"type": "string", "pattern": f"^{_DURATION}$"},
)
PERIOD = Scalar(
    "period",
    "month, quarter, year, or a duration such as 90 days",
    lambda text: text if text in _PERIODS else _positive_duration(text),
    {"anyOf": [{"enum": list(_PERIODS)}, {"type": "string", "pattern": f"^{_DURATION}$"}]},
    choices=_PERIODS,
)
RATE = Scalar("share", "a share such as 10% or 0.1", _rate, {"anyOf": _SHARES}, takes_numbers=True)
ARM_SHARE = Scalar(
    "share or weight",
    "a share such as 10%, or a whole-number weight",
    lambda text: _count(text) if re.fullmatch(_WEIGHT, text) else _rate(text),
    {"anyOf": [*_SHARES, {"type": "integer", "minimum": 0}]},
    takes_numbers=True,
)
STEP = Scalar(
    "share above 0%", "a share above 0%, such as 60% or 150%", _step, {"anyOf": _SHARES}, takes_numbers=True
)
HELD_RATE = Scalar(
    "share below 100%", "a share below 100%, such as 10%", _held_rate, {"anyOf": _SHARES}, takes_numbers=True
)
THRESHOLD = Scalar(
    "number or percent",
    "a number or a percent, such as 5 or 80%",
    _threshold,
    {"anyOf": [_SHARES[0], {"type": "number"}]},
    takes_numbers=True,
)
WHOLE = Scalar("whole number", "a whole number", _whole, {"type": "integer"}, takes_numbers=True)
COUNT = Scalar(
    "whole number", "a whole number, 0 or more", _count, {"type": "integer", "minimum": 0}, takes_numbers=True
)
POSITIVE = Scalar(
    "whole number from 1",
    "a whole number, 1 or more",
    _positive,
    {"type": "integer", "minimum": 1},
    takes_numbers=True,
)
SMALLEST_CROWD = 10
"""The fewest units of which anything is ever said together."""
CROWD = Scalar(
    f"whole number from {SMALLEST_CROWD}",
    f"a whole number, {SMALLEST_CROWD} or more",
    lambda text: number if (number := _count(text) or 0) >= SMALLEST_CROWD else None,
    {"type": "integer", "minimum": SMALLEST_CROWD},
    takes_numbers=True,
)
QUANTITY = Scalar(
    "number", "a number, 0 or more", _amount, {"type": "number", "minimum": 0}, takes_numbers=True
)
SLA = Scalar(
    "service level",
    "working hours or working days, such as 8 working hours or 2 working days",
    _matching(_SLA),
    {"type": "string", "pattern": f"^{_SLA}$"},
)
TIME = Scalar(
    "time of day",
    "a time of day in quotes such as '08:30', to '24:00'",
    _minutes,
    {"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$"},
)
WEEKLY = Scalar(
    "time of the week",
    "a day of the week and a time, such as monday 08:00",
    _weekly,
    {"type": "string", "pattern": f"^{_WEEKLY}$"},
)
DAYS = Scalar(
    "days of the week",
    "a day of the week or a row of them, such as sat or mon-fri",
    _days,
    {"type": "string", "pattern": f"^{_DAYS}$"},
)
TIME_SPAN = Scalar(
    "span of time",
    "a span of the day in quotes such as '09:00-17:30', to '24:00'",
    _time_span,
    {"type": "string", "pattern": f"^({_TIME})-({_TIME})$"},
)
JURISDICTION = Scalar(
    "jurisdiction",
    "an ISO 3166 code of a country or a part of one, such as FR or US-TX",
    _jurisdiction,
    {"type": "string", "pattern": f"^{_JURISDICTION}$"},
)
LIMIT = Scalar(
    "number or unlimited",
    "a number, 0 or more, or unlimited",
    lambda text: UNLIMITED if text == UNLIMITED else _amount(text),
    {"anyOf": [{"type": "number", "minimum": 0}, {"const": "unlimited"}]},
    takes_numbers=True,
)
BOOLEAN = Scalar(
    "true or false",
    "true or false",
    lambda text: text if text in ("true", "false") else None,
    {"type": "boolean"},
    takes_booleans=True,
)
COUNTRY = Scalar(
    "country",
    "an ISO 3166 country code such as DE",
    lambda text: text if text in _countries() else None,
    {"type": "string", "pattern": "^[A-Z]{2}$"},
)
AMOUNT = Scalar(
    "amount of money",
    "an amount in the workspace's currency, such as 49 or 49.90",
    _amount,
    {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^\d+(\.\d+)?$"}]},
    takes_numbers=True,
)
DATE = Scalar(
    "date", "a date such as 2027-03-01", _date, {"type": "string", "format": "date", "pattern": f"^{_DATE}$"}
)
DATE_OR_MOMENT = Scalar(
    "date or moment",
    "a date such as 2027-03-01, or a time with a zone such as 2027-03-01T12:00:00Z",
    _date_or_moment,
    {"type": "string", "pattern": f"^{_DATE}"},
)
EMAIL = Scalar(
    "mail address", "a mail address such as hello@acme.example", _email, {"type": "string", "format": "email"}
)
DOMAIN = Scalar(
    "domain",
    "a domain such as acme.example",
    _matching(rf"{_HOST}(\.{_HOST})+", 253),
    {"type": "string", "pattern": rf"^{_HOST}(\.{_HOST})+$"},
)
CURRENCY = Scalar(
    "currency",
    "an ISO 4217 currency code such as USD",
    _currency,
    {"type": "string", "pattern": "^[A-Z]{3}$"},
)
ZONE = Scalar(
    "time zone", "an IANA time zone such as Europe/Paris", _zone, {"type": "string", "minLength": 1}
)
LOCALE = Scalar(
    "locale",
    "a locale such as en, de or pt-BR",
    find_locale,
    {"type": "string", "pattern": "^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$"},
)
RULE = Scalar(
    "rule",
    "a rule such as plan.tier < 3",
    _plain_text,
    {"type": ["string", "boolean", "number"]},
    takes_numbers=True,
    takes_booleans=True,
)
NAME = Scalar(
    "name",
    "a name of small letters, digits and dashes, such as api-quota",
    _matching(_NAME),
    {"type": "string", "pattern": f"^{_NAME}$"},
    takes_numbers=True,
)
SIGNAL_NAME = Scalar(
    "signal name",
    "a name of small letters, digits and underscores, such as quota_pressure",
    _matching(_SIGNAL),
    {"type": "string", "pattern": f"^{_SIGNAL}$"},
)
TRAIT_NAME = Scalar(
    "trait name",
    "a name of letters, digits and underscores, such as region",
    _matching(_TRAIT),
    {"type": "string", "pattern": f"^{_TRAIT}$"},
)
PROPERTY = Scalar(
    "property",
    "a property of an event, such as order_id or properties.order_id",
    _matching(rf"(properties\.)?{_TRAIT}"),
    {"type": "string", "pattern": rf"^(properties\.)?{_TRAIT}$"},
)
TRAIT = Scalar(
    "trait",
    "a trait such as account.industry",
    _matching(rf"(account|customer)\.{_TRAIT}"),
    {"type": "string", "pattern": rf"^(account|customer)\.{_TRAIT}$"},
)
ID = Scalar("id", "an id", _matching(r"\S(.{0,198}\S)?", 200), {"type": "string"}, takes_numbers=True)
STRIPE_PRICE = Scalar(
    "Stripe price",
    "the id of a price at Stripe, such as price_1Pgaf2; ids of products (prod_...) are none",
    _matching(r"(price|plan)_[A-Za-z0-9_]+"),
    {"type": "string", "pattern": "^(price|plan)_[A-Za-z0-9_]+$"},
)
STRIPE_COUPON = Scalar(
    "Stripe coupon",
    "the id of a coupon at Stripe, such as Z4OV52SU",
    _matching(r"[A-Za-z0-9_-]+"),
    {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"},
)
URL = Scalar(
    "web address",
    "a web address such as https://hooks.acme.example/upsell",
    _matching(r"https?://[^\s/?#@\\]+([/?][^\s#]*)?", 2_000),
    {"type": "string", "format": "uri", "pattern": "^https?://"},
)
SETTING = Scalar(
    "setting",
    f"the name of a variable of the environment that holds a secret, such as {SECRET_PREFIX}ZENDESK",
    _setting,
    {"type": "string", "pattern": f"^{SECRET_PREFIX}[A-Z0-9_]+$"},
)
"""Names a variable that holds a secret."""
EVENT = Scalar("event name", "the name of an event such as Trial Started", _plain_text, {"type": "string"})

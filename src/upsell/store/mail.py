"""Mail providers in the store: what a day of a warm-up has had, and what each dispatcher knows of them.

The law: room in a day is granted before a letter is handed over and never twice, so that dispatchers keep
to a cap together; what one that was lost had been granted counts as used.
"""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from upsell.channels.breaker import Standing
from upsell.channels.channel import Answer
from upsell.channels.routes import Known
from upsell.clock import DAY, Moment
from upsell.store.connect import Connection
from upsell.store.queries import query

FORGOTTEN_AFTER = 7 * DAY
"""How long what a lost dispatcher knew is kept."""

_FIRST = date(1970, 1, 1)


class Told(msgspec.Struct, frozen=True):
    """What one dispatcher knows of a provider, and when it said so."""

    process: str
    known: Known
    reported_at: Moment


def grant_room(connection: Connection, provider: str, day: int, wanted: int, cap: int) -> int:
    """Grant room in a day, counted in days since 1970; give how much, at most ``wanted``."""
    values = {"provider": provider, "day": _FIRST + timedelta(day), "wanted": wanted, "cap": cap}
    with connection.transaction():
        connection.execute(query("open_mail_day"), values)
        row = connection.execute(query("grant_room"), values).fetchone()
    return row[0] if row is not None else 0


def give_room_back(connection: Connection, provider: str, day: int, left: int) -> None:
    """Give back room that was granted in a day and not used."""
    values = {"provider": provider, "day": _FIRST + timedelta(day), "left": left}
    connection.execute(query("give_room_back"), values)


def report_provider(connection: Connection, process: str, known: Known, now: Moment) -> None:
    """Keep what a dispatcher knows of a provider."""
    counts = {answer.name.lower(): known.counts.get(answer, 0) for answer in Answer}
    values = {
        "provider": known.provider,
        "process": process,
        "standing": known.standing.value,
        "free_at": known.free_at,
        "failures": known.failures,
        "reason": known.reason[:500],
        "now": now,
    }
    connection.execute(query("report_provider"), values | counts)


def read_providers(connection: Connection, since: Moment) -> list[Told]:
    """Read what dispatchers that told of it since a moment know of each provider."""
    told = []
    for row in connection.execute(query("read_providers"), {"since": since}, binary=True):
        (provider, process, standing, free_at, failures, reason, accepted, refused, not_now, unknown, at) = (
            row
        )
        counts = {
            Answer.ACCEPTED: accepted,
            Answer.REFUSED: refused,
            Answer.NOT_NOW: not_now,
            Answer.UNKNOWN: unknown,
        }
        known = Known(provider, Standing(standing), free_at, failures, reason, counts)
        told.append(Told(process, known, at))
    return told


def count_dispatchers(connection: Connection, since: Moment) -> int:
    """Count the dispatchers that told of themselves since a moment."""
    row = connection.execute(query("count_dispatchers"), {"since": since}).fetchone()
    return row[0] if row is not None else 0


def forget_dispatcher(connection: Connection, process: str, now: Moment) -> None:
    """Forget what a dispatcher that ends knew."""
    connection.execute(query("forget_dispatcher"), {"process": process, "before": now - FORGOTTEN_AFTER})

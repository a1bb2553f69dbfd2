"""Colleagues: whoever may not accept for their account asks those who may.

For the page of an offer and for prompts. The laws: only a member of the account that would pay asks, about
what was shown there and still holds; each colleague is asked once by each who asks, by a mail that rests on
the contract; and where nobody is known who may, it is work for the team.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Final

import msgspec

from upsell.channels.link_facts import DECIDE, LINK
from upsell.clock import DAY, Clock, Moment, format_moment
from upsell.decisions.intents import Intent
from upsell.decisions.reach import EMAIL
from upsell.ids import bare, digest, is_account
from upsell.journeys.effects import OF_ORDER, OpenTask, Speak
from upsell.rules.facts import Scalar
from upsell.runtime.accept_checks import NotAcceptedError, Refusal
from upsell.runtime.identities import Identity
from upsell.runtime.payers import Home, find_home, id_today, newest_program
from upsell.runtime.programs import Programs
from upsell.signals.events import COLLEAGUE_ASKED, TASK_OPENED, Event
from upsell.store.acceptances import Showing, find_showing
from upsell.store.connect import Connection, connect
from upsell.store.households import read_traits
from upsell.store.ledger import append
from upsell.store.orders import Via
from upsell.store.outbox import keep_messages
from upsell.store.rosters import read_rosters
from upsell.store.tasks import keep_tasks

SOURCE: Final = "colleagues"
"""The source of the events made here."""

QUEUE: Final = "success"
"""Where the team finds whom to ask, where nobody is known who may decide."""

MOST: Final = 10
"""How many colleagues are asked at most, the first by their ids."""

LONGEST_BECAUSE: Final = 200
"""How many characters of what is said to them are kept."""

TEMPLATE: Final = "colleague"


class Wish(msgspec.Struct, frozen=True):
    """Somebody asks their colleagues to decide.

    Attributes:
        key: Key of what made the offer.
        identity: Who asks.
        because: What they say to them; empty for nothing.
        via: By what they ask.
    """

    key: str
    identity: Identity
    because: str
    via: Via


class ColleagueDesk:
    """Asks colleagues for a server's threads."""

    def __init__(self, url: str, clock: Clock) -> None:
        """Work over the database at ``url``; nothing is opened yet."""
        self._url = url
        self._clock = clock
        self._programs = Programs()
        self._reading = threading.Lock()

    def ask(self, wish: Wish) -> tuple[str, ...]:
        """Ask those who may accept; see ``ask_colleagues``."""
        with connect(self._url) as connection, self._reading:
            self._programs.refresh(connection)
            return ask_colleagues(connection, self._clock, self._programs, wish)


def ask_colleagues(connection: Connection, clock: Clock, programs: Programs, wish: Wish) -> tuple[str, ...]:
    """Ask those who may accept for the account; give their ids, none where the team was asked to find one.

    Args:
        connection: The database, in autocommit.
        clock: The present.
        programs: The revisions, read up to now.
        wish: Who asks about what.

    Raises:
        NotAcceptedError: Nothing was shown under the key, it is over, or they are not of the account.
    """
    now = clock.now()
    showing = find_showing(connection, wish.key, now)
    if showing is None:
        msg = f"expected the key of what made an offer, got {wish.key[:80]!r}"
        raise NotAcceptedError(Refusal.NOT_FOUND, msg)
    if showing.terms.expires_at is not None and showing.terms.expires_at <= now:
        msg = "expected terms that still hold, got some that have expired"
        raise NotAcceptedError(Refusal.OVER, msg)
    program = newest_program(programs)
    who = id_today(connection, wish.identity.customer_id)
    home = find_home(connection, program, showing, who, now)
    household = home.household
    if not is_account(household.id) or who not in household.roster:
        msg = "expected a member of the account that the offer was made to, got somebody else"
        raise NotAcceptedError(Refusal.NOT_YOURS, msg)
    roles = program.accepting.roles
    rosters = read_rosters(connection, [household.id], [], roles).get(household.id, {})
    may = tuple(sorted(each for each, held in rosters.items() if each != who and not roles.isdisjoint(held)))
    asked = may[:MOST]
    because = " ".join(wish.because[:LONGEST_BECAUSE].split())
    traits = read_traits(connection, who)
    told = _event(wish, showing, home, who, asked, because, now)
    with connection.transaction():
        mails = [
            _mail(showing, home, wish.key, who, each, _said(traits, who, because), now) for each in asked
        ]
        keep_messages(connection, [(household.id, mail) for mail in mails], {})
        events = [told] if asked else [told, _open_task(connection, showing, home, who, because, now)]
        # Asked again it is the same: what was said before stays as it was said.
        append(connection, events, clock, [each.id.encode() for each in events])
    return asked


def _said(traits: Mapping[str, Scalar], who: str, because: str) -> dict[str, Scalar]:
    name = " ".join(str(traits[each]) for each in ("first_name", "last_name") if traits.get(each))
    return {"by": name or str(traits.get("email") or who), "message": because}


def _mail(
    showing: Showing,
    home: Home,
    key: str,
    who: str,
    colleague: str,
    said: dict[str, Scalar],
    now: Moment,
) -> Speak:
    terms, quantity = showing.terms, showing.terms.quantity
    facts: dict[str, Scalar] = {
        **said,
        "key": key,
        "workflow": showing.workflow,
        "name": terms.name,
        "currency": terms.currency,
        "price": terms.price,
        "full_price": terms.full if terms.full != terms.price else None,
        "interval": terms.interval,
        "quantity": round(quantity) if quantity == round(quantity) else quantity,
        "news": "asked",
        LINK: DECIDE,
    }
    return Speak(
        key=digest("colleague", key, who, colleague),
        enrollment="",
        workflow="",
        version="",
        step=OF_ORDER + TEMPLATE,
        visit=1,
        unit_id=home.household.id,
        customer_id=colleague,
        channel=EMAIL,
        intent=Intent.SERVICE,
        content=TEMPLATE,
        offer=None,
        arm=None,
        trigger={name: value for name, value in facts.items() if value not in (None, "")},
        reserved_at=now,
    )


def _event(
    wish: Wish, showing: Showing, home: Home, who: str, asked: tuple[str, ...], because: str, now: Moment
) -> Event:
    said = {
        "key": wish.key,
        "offer": showing.terms.offer,
        "thing": showing.terms.thing,
        "asked": list(asked),
        "because": because,
        "via": wish.via.value,
    }
    return Event(
        id=f"colleague/{wish.key}/{who}",
        name=COLLEAGUE_ASKED,
        occurred_at=now,
        seen_at=0,
        customer_id=who,
        account_id=bare(home.household.id),
        properties={name: value for name, value in said.items() if value},
        source=SOURCE,
    )


def _open_task(
    connection: Connection, showing: Showing, home: Home, who: str, because: str, now: Moment
) -> Event:
    """Give the team somebody to find; give the event of it."""
    account = bare(home.household.id)
    said = f" (they say: {because})" if because else ""
    title = f"{who} would like {showing.terms.name} for {account}, and nobody known there may decide{said}"
    task = OpenTask(
        key=digest("task", "colleague", showing.terms.offer, home.household.id, who),
        enrollment="",
        workflow="",
        unit_id=home.household.id,
        queue=QUEUE,
        title=title,
        offer=None,
        opened_at=now,
        due_at=now + DAY,
        source=SOURCE,
    )
    keep_tasks(connection, [task])
    return Event(
        id=f"{TASK_OPENED}/{task.key}",
        name=TASK_OPENED,
        occurred_at=now,
        seen_at=0,
        account_id=account,
        properties={
            "key": task.key,
            "queue": QUEUE,
            "title": title,
            "due_at": format_moment(task.due_at),
        },
        source=SOURCE,
    )

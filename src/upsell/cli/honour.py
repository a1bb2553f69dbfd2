"""``upsell honour``: somebody goes back from an offer they took, at what was promised with it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from upsell.channels.stripe_returner import BackForeseen
    from upsell.clock import Moment
    from upsell.config import Settings
    from upsell.runtime.promises import Promise


def honour(
    key: Annotated[str, typer.Argument(help="Key of the mail, task or prompt that made the offer.")],
    *,
    because: Annotated[str, typer.Option(help="What they say; without it nothing is asked for.")] = "",
) -> None:
    """Show what was promised with an offer that was taken, and with --because take somebody back.

    For whoever is told on the telephone or by mail that somebody wants to go back; customers have a page of
    their own for it, which links.downgrade leads to. It is an order of its own, of which billing is told at
    once, with the guarantee and the way back as the catalog had them when the offer was shown; what billing
    does not do is a task in the queue success. Where Stripe bills, what it would give back is said before.
    Asked again it is the same order. The exit code is 1 when it was asked for before.
    """
    from upsell.cli.orders_text import outcome_lines
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.fulfil_desk import open_fulfiller
    from upsell.runtime.fulfilling import fulfil
    from upsell.runtime.honouring import Asking
    from upsell.runtime.honouring import honour as take_back
    from upsell.runtime.order_outcomes import return_words
    from upsell.runtime.programs import Programs
    from upsell.runtime.promises import find_promise
    from upsell.store.connect import connect, database_url
    from upsell.store.orders import Via

    clock, because, settings = SystemClock(), because.strip(), load_settings(os.environ)
    with connect(database_url(settings)) as connection:
        programs = Programs()
        programs.refresh(connection)
        promise = find_promise(connection, programs, key, clock.now())
        print("\n".join(_told(promise)))
        seen = _foreseen(settings, promise, clock.now())
        if seen is not None:
            print("\n".join(_seen_lines(seen, promise.terms.name)))
        if promise.asked_at is not None:
            if because:
                print("It was asked for before; nothing changed.")
                raise typer.Exit(1)
            return
        if not because:
            print("Nothing is asked for yet: say why with --because, and they are taken back.")
            return
        # Whoever of the team types it has asked who it is.
        asking = Asking(promise.customer_id, may_decide=True, via=Via.COMMAND)
        order = take_back(connection, clock, promise, because, asking)
        fulfiller = open_fulfiller(settings, database_url(settings))
        order = fulfil(connection, clock, fulfiller, order.key) or order
        if fulfiller is not None:
            fulfiller.close()
    print(f"Order {order.key[:12]} is {order.state.value}: {return_words(order)}")
    for line in outcome_lines(order):
        print(line)


def _foreseen(settings: Settings, promise: Promise, now: Moment) -> BackForeseen | None:
    """Ask Stripe what going back would come to; None where it is asked for, or does not bill."""
    from upsell.runtime.honouring import foreseen_of
    from upsell.runtime.stripe_billing import open_foresight
    from upsell.store.connect import database_url

    giving = foreseen_of(promise, now)
    desk = open_foresight(settings, database_url(settings)) if giving is not None else None
    if giving is None or desk is None:
        return None
    seen = desk.foresee_back(giving)
    desk.close()
    return seen


def _seen_lines(seen: BackForeseen, name: str) -> Iterator[str]:
    """Write what going back would come to."""
    from upsell.channels.stripe_returner import BackOutlook
    from upsell.cli.orders_text import at_words
    from upsell.money import Money

    match seen.outlook:
        case BackOutlook.SILENT:
            yield "  Stripe does not answer, so what is given back cannot be said now"
        case BackOutlook.BY_HAND:
            yield f"  by hand: {seen.detail}"
        case BackOutlook.AT_ONCE:
            if seen.refunded:
                yield f"  gives back: {Money(seen.refunded, seen.currency)}, to what they paid with"
            if seen.credited:
                yield f"  credits: {Money(seen.credited, seen.currency)}, taken off the next invoices"
            if seen.until is not None:
                yield f"  {name} is kept until {at_words(seen.until)}, which is paid"
            if not (seen.refunded or seen.credited or seen.until):
                yield "  gives back: nothing, for nothing was paid"


def _told(promise: Promise) -> list[str]:
    """Write what was taken and promised."""
    from upsell.cli.orders_text import outcome_lines
    from upsell.clock import to_datetime
    from upsell.money import Money

    terms = promise.terms
    price = "" if terms.price is None else f" for {Money(terms.price, terms.currency)}"
    per = f" a {terms.interval}" if price and terms.interval else ""
    accepted_at = f"{to_datetime(promise.accepted_at):%Y-%m-%d %H:%M}"
    lines = [
        f"{promise.unit_id} took {terms.name}{price}{per} on {accepted_at} UTC.",
        *(f"  promised: {said}" for said in promise.words),
    ]
    if not promise.words:
        lines.append("  promised: nothing in words")
    if promise.asked_at is not None:
        lines.append(
            f"  asked for on {to_datetime(promise.asked_at):%Y-%m-%d %H:%M} UTC"
            + (f"; order {promise.back.key[:12]}, {promise.back.state.value}" if promise.back else "")
        )
    if promise.back is not None:
        lines += outcome_lines(promise.back)
    return lines

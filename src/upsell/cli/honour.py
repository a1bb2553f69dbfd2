"""``upsell honour``: somebody goes back from an offer they took, at what was promised with it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
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
    does not do is a task in the queue success. Asked again it is the same order. The exit code is 1 when it
    was asked for before.
    """
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
        fulfiller = open_fulfiller(settings)
        order = fulfil(connection, clock, fulfiller, order.key) or order
        if fulfiller is not None:
            fulfiller.close()
    print(f"Order {order.key[:12]} is {order.state.value}: {return_words(order)}")
    if order.detail:
        print(f"  {order.detail}")


def _told(promise: Promise) -> list[str]:
    """Write what was taken and promised."""
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
    return lines

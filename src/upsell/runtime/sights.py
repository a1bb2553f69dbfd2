"""Sights: what a customer would get from each workflow now, for whoever chooses among them on a page.

The law: it is ``previewing``'s own rendering, and a workflow that would let them in stands before others.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from upsell.clock import Moment
from upsell.errors import ConfigError, DeliveryError
from upsell.ids import bare, is_account
from upsell.journeys.explain import explain
from upsell.runtime.explaining import Stood, stand_now
from upsell.runtime.previewing import Preview, Telling, Wanted, preview, tellings_of
from upsell.runtime.programs import Programs
from upsell.store.connect import Connection


class Asked(msgspec.Struct, frozen=True):
    """What is to be seen: whose, and of which workflow, template and channel; empty for the first."""

    unit: str
    workflow: str = ""
    template: str = ""
    channel: str = ""


class Sender(msgspec.Struct, frozen=True):
    """A workflow that can tell somebody something, and whether it would let them in if its trigger fired."""

    key: str
    name: str
    would_enter: bool


class Sight(msgspec.Struct, frozen=True):
    """What a customer would get.

    Attributes:
        customer_id: Whom it is written to.
        senders: The workflows that can tell them something, those that would let them in first.
        workflow: Key of the one that is looked at; empty where there is none.
        tellings: What it can tell.
        chosen: Which of it is looked at; None where there is nothing.
        shown: The message; None where it would not be sent.
        refused: Why it would not be sent; empty where it would.
    """

    customer_id: str
    senders: tuple[Sender, ...]
    workflow: str
    tellings: tuple[Telling, ...]
    chosen: Telling | None
    shown: Preview | None
    refused: str


def read_sight(connection: Connection, programs: Programs, asked: Asked, now: Moment) -> Sight:
    """Show what a customer would get now.

    Raises:
        ConfigError: Nothing is known of them, they are an account, or nothing is live.
    """
    if not asked.unit.isprintable() or not asked.unit:
        msg = f"expected the id of a customer, got {asked.unit[:80]!r}"
        raise ConfigError(msg)
    stood = stand_now(connection, asked.unit, now, programs)
    if is_account(stood.found.unit_id):
        name = bare(stood.found.unit_id)
        msg = f"expected a customer, as messages are written to those, got the account {name}"
        raise ConfigError(msg)
    at = max(now, stood.household.taken_at)
    senders = tuple(sorted(_senders(stood, at), key=lambda each: (not each.would_enter, each.key)))
    known = [each.key for each in senders]
    workflow = asked.workflow if asked.workflow in known else next(iter(known), "")
    tellings = tellings_of(stood.program, workflow)
    fitting = [
        each
        for each in tellings
        if asked.template in ("", each.template) and asked.channel in ("", each.channel)
    ]
    chosen = next(iter([*fitting, *tellings]), None)
    customer_id = bare(stood.found.unit_id)
    if chosen is None:
        return Sight(customer_id, senders, workflow, tellings, None, None, "")
    wanted = Wanted(chosen.template, customer_id, workflow, chosen.channel)
    try:
        shown, refused = preview(stood.program, stood.household, wanted, at), ""
    except (ConfigError, DeliveryError) as error:
        shown, refused = None, str(error)
    return Sight(customer_id, senders, workflow, tellings, chosen, shown, refused)


def _senders(stood: Stood, at: Moment) -> Iterator[Sender]:
    """Give the workflows about a customer or their account that tell anything."""
    program, household = stood.program, stood.household
    units = [stood.found.unit_id, *([household.id] if is_account(household.id) else [])]
    for unit_id in units:
        for one in explain(program, household, unit_id, at):
            workflow = program.workflows.get(one.workflow)
            if workflow is not None and tellings_of(program, workflow.key):
                yield Sender(workflow.key, workflow.name, one.would_enter)

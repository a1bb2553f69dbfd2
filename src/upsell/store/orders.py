"""Orders: what was accepted, at the terms it was shown with, until it is theirs or never will be.

accepted - fulfilling - fulfilled | failed | waiting (for the team, or to be paid); above a limit asked -
accepted | refused | lapsed first; of a change of a cart in_cart - fulfilled | left_out.
The law: ``fulfilling`` is committed before billing is spoken to, and billing is always told the same key, so
that it can tell what it was told before; a key, and the same offer of one passage, is taken once. To take an
order back is an order of its own; and what lies in a cart is theirs only when an order shows it.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec

from upsell.clock import Moment
from upsell.decisions.holdings import Had
from upsell.decisions.terms import Terms
from upsell.ids import UnitId
from upsell.store.connect import Connection
from upsell.store.queries import query

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_decode_terms = msgspec.json.Decoder(Terms).decode
_decode_had = msgspec.json.Decoder(Had).decode


class OrderState(enum.Enum):
    """Where an order stands."""

    ACCEPTED = "accepted"
    FULFILLING = "fulfilling"
    FULFILLED = "fulfilled"
    FAILED = "failed"
    WAITING = "waiting"
    ASKED = "asked"
    REFUSED = "refused"
    LAPSED = "lapsed"
    IN_CART = "in_cart"
    LEFT_OUT = "left_out"


NOT_APPROVED: Final = frozenset({OrderState.ASKED, OrderState.REFUSED, OrderState.LAPSED})
"""Where an order stands that nobody has approved."""


class Via(enum.Enum):
    """By what somebody accepted."""

    PROMPT = "prompt"
    PAGE = "page"
    API = "api"
    COMMAND = "command"


class Order(msgspec.Struct, frozen=True):
    """One acceptance, and what became of it.

    Attributes:
        key: Key of the prompt, the message or the task that made the offer; what billing knows it by.
        unit_id: Whom the offer was made to.
        household_id: Who pays: their account, or the customer without one.
        customer_id: Who accepted.
        offer: Id of the offer.
        thing: Id of what it comes to.
        kind: What kind of offer it is: ``upgrade``, ``cross-sell`` or ``retention``.
        trial_days: Days of trial before anything falls due; 0 for none.
        converts: Whether it takes the paid terms of a trial that is under way; its own step tells billing.
        terms: What was shown.
        workflow: Key of the workflow that made it.
        enrollment: Id of the enrollment that made it.
        via: By what.
        accepted_at: When.
        state: Where it stands.
        attempts: How often billing was told.
        next_attempt_at: When billing may be told, None when not again.
        answer: What billing wants the customer to be told; empty for nothing.
        is_given_up: Whether it failed because billing never answered, so that nobody knows what became of it.
        detail: Why it stands there, for the team.
        task: Key of the task that was opened about it; empty for none.
        finished_at: When it came there, None while it is on its way.
        decide_by: Until when an approver may decide, None where none has to.
        months: How many months its discount lasts; None for as long as it is kept, or without one.
        guarantee: What was promised should it disappoint, in words; empty for nothing.
        downgrade: How one goes back, in words; empty when nothing was said.
        guarantee_until: Until when what was paid is given back; None where no time was promised.
        had: What they had when it was accepted; None where nothing is known.
        returns: Key of the order that it takes back; empty where it takes something.
        because: Why they go back, in words; empty where nothing was said.
        checkout: What billing calls the page on which they are to pay first; empty for none.
        pay_url: Where they are to pay first; empty where nothing is to be paid there now.
        pay_by: Until when they were to pay; kept where they did not.
        paid: What was charged at once, in minor units of the terms' currency; None where it is not known.
        round: How often somebody of the team let billing be told anew.
        due_from: From when it is reckoned where that is later than its acceptance: when it was approved, or
            let be told anew.
        refunded: Of what takes something back, what was given back, in minor units; None where it is not
            known.
        credited: Of what takes something back, what is taken off the next invoices; None likewise.
        keeps_until: Of what takes something back, until when they keep that; None where it is gone at once.
    """

    key: str
    unit_id: UnitId
    household_id: UnitId
    customer_id: str
    offer: str
    thing: str
    kind: str
    trial_days: int
    converts: bool
    terms: Terms
    workflow: str
    enrollment: str
    via: Via
    accepted_at: Moment
    state: OrderState = OrderState.ACCEPTED
    attempts: int = 0
    next_attempt_at: Moment | None = None
    answer: str = ""
    is_given_up: bool = False
    detail: str = ""
    task: str = ""
    finished_at: Moment | None = None
    decide_by: Moment | None = None
    months: int | None = None
    guarantee: str = ""
    downgrade: str = ""
    guarantee_until: Moment | None = None
    had: Had | None = None
    returns: str = ""
    because: str = ""
    checkout: str = ""
    pay_url: str = ""
    pay_by: Moment | None = None
    paid: int | None = None
    round: int = 0
    due_from: Moment | None = None
    refunded: int | None = None
    credited: int | None = None
    keeps_until: Moment | None = None

    @property
    def has_refund(self) -> bool:
        """Whether it takes something back within its guarantee, so that what was paid is given back."""
        until = self.guarantee_until
        return bool(self.returns) and until is not None and self.accepted_at < until


def add_order(connection: Connection, order: Order) -> bool:
    """Write an order in the transaction that is open; give whether it is new.

    It is not where its key, or the same offer of its enrollment, was taken before and has not come to
    nothing. Whoever takes it at this very moment is waited for.
    """
    return connection.execute(query("add_order"), _values(order)).rowcount == 1


def find_order(
    connection: Connection, key: str, enrollment: str = "", offer: str = "", thing: str = ""
) -> Order | None:
    """Give the order of a key, else the one that took this thing by this offer of this enrollment."""
    values = {"key": key, "enrollment": enrollment, "offer": offer, "thing": thing}
    row = connection.execute(query("find_order"), values, binary=True).fetchone()
    return _order(row) if row is not None else None


def has_order(connection: Connection, enrollment: str, offer: str) -> bool:
    """Tell whether an order took the paid terms of an offer of an enrollment, whatever became of it."""
    values = {"enrollment": enrollment, "offer": offer}
    return connection.execute(query("has_order"), values).fetchone() is not None


def claim_orders(
    connection: Connection, now: Moment, until: Moment, limit: int, key: str = ""
) -> list[Order]:
    """Claim orders that billing may be told of now, until a moment, when others may claim them again.

    With a key that order alone; nobody else may have begun with it.
    """
    values = {"now": now, "until": until, "limit": limit, "key": key}
    return [_order(row) for row in connection.execute(query("claim_orders"), values, binary=True)]


def settle_order(connection: Connection, order: Order) -> bool:
    """Write where an order stands after telling billing; give whether it was still to be said."""
    return connection.execute(query("settle_order"), _values(order)).rowcount == 1


def find_carts_ordered(connection: Connection, since: Moment) -> list[tuple[str, Mapping[str, Any]]]:
    """Give what was ordered since something was taken for a cart: its key, and what ``Order Completed`` says.

    In the order of the ledger, a key as often as there were orders; of what was accepted from ``since`` on.
    """
    rows = connection.execute(query("find_carts_ordered"), {"since": since}, binary=True)
    return [(key, _decode(properties)) for key, properties in rows]


def settle_order_by_hand(connection: Connection, order: Order, before: OrderState) -> bool:
    """Write where somebody says an order stands; give whether it still stood where they saw it."""
    values = _values(order) | {"before": before.value}
    return connection.execute(query("settle_order_by_hand"), values).rowcount == 1


def list_orders(
    connection: Connection, state: OrderState | None = None, key: str = "", limit: int = 20
) -> list[Order]:
    """Give orders, those accepted last first: of a state, or whose key begins so."""
    values = {"state": state.value if state is not None else "", "key": key, "limit": limit}
    return [_order(row) for row in connection.execute(query("list_orders"), values, binary=True)]


def find_asked(connection: Connection, limit: int, after: tuple[Moment, str] = (0, "")) -> list[Order]:
    """Give orders that wait for an approver, those that lapse first.

    Args:
        connection: The database.
        limit: How many at most.
        after: When the last of them lapses that was given before, and its key.
    """
    values = {"at": after[0], "key": after[1], "limit": limit}
    return [_order(row) for row in connection.execute(query("find_asked_orders"), values, binary=True)]


def find_orders(connection: Connection, keys: Collection[str]) -> dict[str, Order]:
    """Give orders by their keys; one that is not there is absent."""
    rows = connection.execute(query("find_orders_by_key"), {"keys": sorted(keys)}, binary=True)
    return {order.key: order for order in map(_order, rows)}


def find_lapsing(connection: Connection, now: Moment, limit: int) -> list[Order]:
    """Hold orders about which nobody decided in time, in the transaction that is open; give them."""
    values = {"now": now, "limit": limit}
    return [_order(row) for row in connection.execute(query("find_lapsing_orders"), values, binary=True)]


def find_returns(connection: Connection, keys: Collection[str]) -> dict[str, Order]:
    """Give the orders by which others are taken back, by the key of what they take back."""
    rows = connection.execute(query("find_returns"), {"keys": sorted(keys)}, binary=True)
    return {order.returns: order for order in map(_order, rows)}


def count_orders(connection: Connection) -> dict[OrderState, int]:
    """Count orders by where they stand, in the order of ``OrderState``; a state nobody is in is absent."""
    counted = {OrderState(state): count for state, count in connection.execute(query("count_orders"))}
    return {state: counted[state] for state in OrderState if state in counted}


def _values(order: Order) -> dict[str, object]:
    return {
        **msgspec.structs.asdict(order),
        "terms": _encode(order.terms).decode(),
        "via": order.via.value,
        "state": order.state.value,
        "had": _encode(order.had).decode() if order.had is not None else None,
    }


def _order(row: tuple[Any, ...]) -> Order:
    named = dict(zip(Order.__struct_fields__, row, strict=True))
    named |= {
        "terms": _decode_terms(named["terms"]),
        "via": Via(named["via"]),
        "state": OrderState(named["state"]),
        "had": _decode_had(named["had"]) if named["had"] is not None else None,
    }
    return Order(**named)

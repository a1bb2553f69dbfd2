"""``upsell orders``: what was accepted, where each stands, and what is to be done about it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from upsell.config import Settings
    from upsell.store.connect import Connection
    from upsell.store.orders import Order, OrderState


def orders(  # noqa: PLR0913  # each is an option of the command
    action: Annotated[
        Literal["list", "show", "retry", "settle", "approve", "refuse", "quote", "check"],
        typer.Argument(help="list, show, retry, settle, approve, refuse, quote or check."),
    ] = "list",
    key: Annotated[
        str,
        typer.Argument(metavar="[KEY]", help="Key of an order, or how it begins.", show_default=False),
    ] = "",
    *,
    state: Annotated[str, typer.Option(help="List: only those that stand so.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="List: at most so many.")] = 20,
    is_waiting: Annotated[
        bool, typer.Option("--waiting-approval", help="List: only those that wait for an approver.")
    ] = False,
    because: Annotated[str, typer.Option(help="Retry, settle, approve, refuse: why, for the record.")] = "",
    by: Annotated[str, typer.Option(help="Approve, refuse: who decides.")] = "",
    tell: Annotated[str, typer.Option(help="Refuse: what the customer is told.")] = "",
    out: Annotated[
        Path | None,
        typer.Option(help="Quote: the file, .pdf or .html (default its number).", show_default=False),
    ] = None,
    is_done: Annotated[
        bool | None,
        typer.Option("--done/--not-done", help="Settle: whether it is theirs.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="List, show, check: print JSON.")] = False,
) -> None:
    """Look through what was accepted, and help along what is stuck.

    list counts orders by where they stand and lists the newest; show prints one with its terms; retry lets
    billing be told again, under the same key; settle says of one that was set up by hand, or will not be,
    what became of it, and closes its task. approve and refuse decide about an order above a limit, by
    somebody else than who asked; quote writes its quote as PDF or HTML. check asks Stripe whether it answers
    to our key, and whether the prices and coupons that the live catalog names are there as the catalog has
    them: the exit code is 1 when something is wrong.
    """
    from upsell.cli.approvals import approve_order, refuse_order, write_quote
    from upsell.cli.experiment import user_name
    from upsell.config import load_settings
    from upsell.runtime.approving import Decision
    from upsell.store.connect import connect, database_url

    _check(action, key, because, is_done)
    _check_decision(action, by, tell)
    settings = load_settings(os.environ)
    with connect(database_url(settings)) as connection:
        match action:
            case "check":
                _check_stripe(connection, settings, as_json=as_json)
            case "list":
                _list(connection, "asked" if is_waiting else state, limit, as_json=as_json)
            case "show":
                _show(connection, key, as_json=as_json)
            case "retry":
                _retry(connection, key, because.strip())
            case "settle":
                _settle(connection, key, because.strip(), is_done=bool(is_done))
            case "quote":
                write_quote(connection, _find(connection, key), out)
            case "approve" | "refuse":
                decision = Decision(
                    by.strip(), because.strip(), " ".join(tell.split()), actor=f"shell:{user_name()}"
                )
                decide = approve_order if action == "approve" else refuse_order
                decide(connection, _find(connection, key), decision)


def _check(action: str, key: str, because: str, is_done: bool | None) -> None:
    """Refuse a command line that says too much or too little."""
    is_ok, wanted = {
        "list": (not key, "list, with options and no key"),
        "show": (bool(key), "show KEY"),
        "check": (not key, "check, without a key"),
        "retry": (bool(key) and bool(because.strip()), "retry KEY --because TEXT"),
        "settle": (
            bool(key) and is_done is not None and bool(because.strip()),
            "settle KEY --done --because TEXT, or settle KEY --not-done --because TEXT",
        ),
        "approve": (bool(key) and bool(because.strip()), _APPROVE),
        "refuse": (bool(key) and bool(because.strip()), _REFUSE),
        "quote": (bool(key), "quote KEY [--out FILE]"),
    }[action]
    if not is_ok:
        raise typer.BadParameter(f"expected upsell orders {wanted}")


_APPROVE = "approve KEY --by WHO --because TEXT"
_REFUSE = "refuse KEY --by WHO --because TEXT --tell WORDS"


def _check_decision(action: str, by: str, tell: str) -> None:
    """Refuse a decision that says too little."""
    is_deciding = action in ("approve", "refuse")
    if is_deciding and (not by.strip() or (action == "refuse" and not tell.strip())):
        raise typer.BadParameter(f"expected upsell orders {_APPROVE if action == 'approve' else _REFUSE}")


def _list(connection: Connection, state: str, limit: int, *, as_json: bool) -> None:
    """Print the counts by state, then the newest."""
    import msgspec

    from upsell.cli.orders_text import list_lines
    from upsell.runtime.order_words import order_content
    from upsell.store.orders import OrderState, count_orders, list_orders

    known = [each.value for each in OrderState]
    if state and state not in known:
        raise typer.BadParameter(f"expected one of {', '.join(known)}, got {state}", param_hint="--state")
    counts = count_orders(connection)
    listed = list_orders(connection, OrderState(state) if state else None, limit=limit)
    if as_json:
        content = {
            "counts": {each.value: count for each, count in counts.items()},
            "orders": [order_content(each) for each in listed],
        }
        print(msgspec.json.format(msgspec.json.encode(content)).decode())
    else:
        print("\n".join(list_lines(counts, listed)))


def _show(connection: Connection, key: str, *, as_json: bool) -> None:
    """Print one order."""
    import msgspec

    from upsell.cli.approvals import approval_lines
    from upsell.cli.orders_text import show_lines
    from upsell.runtime.order_words import order_content

    order = _find(connection, key)
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(order_content(order))).decode())
    else:
        print("\n".join([*show_lines(order), *approval_lines(connection, order)]))


def _retry(connection: Connection, key: str, because: str) -> None:
    """Let billing be told again."""
    from upsell.errors import ConfigError
    from upsell.store.orders import OrderState

    order = _find(connection, key)
    if order.state not in (OrderState.FAILED, OrderState.WAITING, OrderState.ACCEPTED):
        msg = f"expected an order that failed or waits, got {order.key}, which is {order.state.value}"
        raise ConfigError(msg)
    after = _move(connection, order, OrderState.ACCEPTED, because)
    print(
        f"{after.key} is {after.state.value} now: billing is told again, under the same key, within seconds."
    )


def _settle(connection: Connection, key: str, because: str, *, is_done: bool) -> None:
    """Say what became of an order."""
    from upsell.errors import ConfigError
    from upsell.store.orders import OrderState

    order = _find(connection, key)
    to = OrderState.FULFILLED if is_done else OrderState.FAILED
    if order.state in (OrderState.FULFILLING, to):
        msg = f"expected an order that is not {order.state.value}, got {order.key}"
        raise ConfigError(msg)
    after = _move(connection, order, to, because)
    print(f"{after.key} is {after.state.value} now; whoever asks for it again is told so.")
    if order.pay_url:
        print(f"Its page {order.checkout} may be paid on still: expire it at Stripe.")


def _check_stripe(connection: Connection, settings: Settings, *, as_json: bool) -> None:
    """Print what is there at Stripe, and what is not."""
    import msgspec

    from upsell.runtime.stripe_check import check_stripe

    checked = check_stripe(connection, settings)
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(checked)).decode())
    else:
        for each in checked:
            print(f"{'wrong' if each.wrong else 'ok':<7}{each.id}  {each.of}")
            if each.wrong:
                print(f"       {each.wrong}")
    raise typer.Exit(int(any(each.wrong for each in checked)))


def _find(connection: Connection, key: str) -> Order:
    """Give the one order whose key begins so.

    Raises:
        ConfigError: There is none, or there are several.
    """
    from upsell.errors import ConfigError
    from upsell.store.orders import list_orders

    found = list_orders(connection, key=key, limit=2)
    if len(found) != 1:
        what = "none" if not found else "several"
        msg = f"expected one order whose key begins with {key}, found {what}; `upsell orders` lists them"
        raise ConfigError(msg)
    return found[0]


def _move(connection: Connection, order: Order, to: OrderState, because: str) -> Order:
    """Write where an order stands, by whoever works here.

    Raises:
        ConfigError: It stands elsewhere by now.
    """
    from upsell.cli.experiment import user_name
    from upsell.clock import SystemClock
    from upsell.errors import ConfigError
    from upsell.runtime.fulfilling import settle_by_hand

    after = settle_by_hand(connection, SystemClock(), order, to, f"{user_name()}: {because}")
    if after is None:
        msg = f"expected {order.key} to be {order.state.value} still, found it moved; look at it again"
        raise ConfigError(msg)
    return after

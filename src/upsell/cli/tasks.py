"""``upsell tasks``: the queue of work for people, the most valuable first, and what is done about it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from upsell.clock import Moment
    from upsell.runtime.task_desk import Changed, TaskDesk


def tasks(  # noqa: PLR0913  # each is an option of the command
    action: Annotated[
        Literal["list", "show", "take", "give", "snooze", "close", "open"],
        typer.Argument(help="list, show, take, give, snooze, close or open."),
    ] = "list",
    key: Annotated[
        str, typer.Argument(metavar="[KEY]", help="Key of a task, or how it begins.", show_default=False)
    ] = "",
    *,
    queue: Annotated[str, typer.Option(help="List, open: this queue's.")] = "",
    owner: Annotated[
        str | None, typer.Option(help="List: this person's, by id or mail; '' for nobody's.")
    ] = None,
    has_snoozed: Annotated[bool, typer.Option("--snoozed", help="List: with what is put off.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="List: at most so many.")] = 20,
    by: Annotated[str, typer.Option(help="Who does it (default whoever is signed in here).")] = "",
    to: Annotated[str, typer.Option(help="Give: to whom, by id or mail.")] = "",
    until: Annotated[
        str, typer.Option(help="Snooze: until when, such as '3 days' or 2026-04-01T09:00:00Z.")
    ] = "",
    outcome: Annotated[
        str,
        typer.Option(help="Close: meeting_set, opportunity, won, lost, not_now, no_answer or dropped."),
    ] = "",
    reason: Annotated[
        str,
        typer.Option(help="Close: why it was lost or put off, such as too_expensive. Open: what it is for."),
    ] = "",
    feature: Annotated[str, typer.Option(help="Close: the feature that is missing.")] = "",
    amount: Annotated[
        int | None,
        typer.Option(help="Close: what the opportunity is worth, in minor units. Open: what it may earn."),
    ] = None,
    currency: Annotated[
        str, typer.Option(help="Close: the currency of that (default the workspace's).")
    ] = "",
    minutes: Annotated[float | None, typer.Option(help="Close: minutes of work it took.")] = None,
    note: Annotated[str, typer.Option(help="Close: what else is to be remembered.")] = "",
    account: Annotated[str, typer.Option(help="Open: the account it is about.")] = "",
    customer: Annotated[str, typer.Option(help="Open: the customer it is about.")] = "",
    title: Annotated[str, typer.Option(help="Open: what is to be done.")] = "",
    due: Annotated[str, typer.Option(help="Open: by when, such as '2 days' (default by the queue).")] = "",
    why: Annotated[list[str] | None, typer.Option(help="Open: what led to it; repeatable.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look through the queue, and do something about a task.

    list prints what is open, what may earn most first; show prints one with its reasons, its offer and what
    to say; take lets somebody take one up; give passes one on; snooze puts one off, due as before; close
    says what came of it; open asks for one, or says anew the one that is open for the same reason. Whatever
    was done already changes nothing.
    """
    from upsell.cli.experiment import user_name
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.task_desk import Closing, TaskDesk
    from upsell.store.connect import database_url

    _check(action, key, to, until, outcome)
    clock = SystemClock()
    desk = TaskDesk(database_url(load_settings(os.environ)), clock)
    who = by.strip() or user_name()
    match action:
        case "list":
            _list(desk, queue or None, owner, limit, clock.now(), has_snoozed=has_snoozed, as_json=as_json)
        case "show":
            _show(desk, key, clock.now(), as_json=as_json)
        case "take":
            _tell(desk.take(key, who), "taken", clock.now(), as_json=as_json)
        case "give":
            _tell(desk.give(key, to, who), "given", clock.now(), as_json=as_json)
        case "snooze":
            at = _moment(until, "--until", clock.now())
            _tell(desk.snooze(key, at, who), "put off", clock.now(), as_json=as_json)
        case "close":
            closing = Closing(outcome, who, reason, feature, amount, currency, minutes, note)
            _tell(desk.close(key, closing), "closed", clock.now(), as_json=as_json)
        case "open":
            said = {"queue": queue, "reason": reason, "title": title, "value": amount, "by": who}
            _open(desk, account, customer, due, why or [], said, clock.now(), as_json=as_json)


def _check(action: str, key: str, to: str, until: str, outcome: str) -> None:
    """Refuse a command line that says too much or too little."""
    is_ok, wanted = {
        "list": (not key, "list, with options and no key"),
        "show": (bool(key), "show KEY"),
        "take": (bool(key), "take KEY [--by WHO]"),
        "give": (bool(key) and bool(to.strip()), "give KEY --to WHO"),
        "snooze": (bool(key) and bool(until.strip()), "snooze KEY --until WHEN"),
        "close": (bool(key) and bool(outcome.strip()), "close KEY --outcome OUTCOME"),
        "open": (not key, "open --account ID --queue QUEUE --reason REASON --title TEXT, without a key"),
    }[action]
    if not is_ok:
        raise typer.BadParameter(f"expected upsell tasks {wanted}")


def _list(
    desk: TaskDesk,
    queue: str | None,
    owner: str | None,
    limit: int,
    now: Moment,
    *,
    has_snoozed: bool,
    as_json: bool,
) -> None:
    """Print what is open, in the order in which it is worked."""
    from upsell.cli.tasks_text import list_lines
    from upsell.runtime.task_content import task_content

    found = desk.queue(queue, owner, has_snoozed=has_snoozed)
    if as_json:
        _print([task_content(task, now) for task in found[:limit]])
    else:
        print("\n".join(list_lines(found[:limit], len(found), now)))


def _show(desk: TaskDesk, key: str, now: Moment, *, as_json: bool) -> None:
    """Print one task."""
    from upsell.cli.tasks_text import show_lines
    from upsell.runtime.task_content import task_content

    task = desk.show(key)
    if as_json:
        _print(task_content(task, now))
    else:
        print("\n".join(show_lines(task, now)))


def _open(
    desk: TaskDesk,
    account: str,
    customer: str,
    due: str,
    why: list[str],
    said: dict[str, Any],
    now: Moment,
    *,
    as_json: bool,
) -> None:
    """Ask for a task."""
    from upsell.ids import account_unit, customer_unit
    from upsell.runtime.task_desk import Wanted

    if bool(account) is bool(customer):
        raise typer.BadParameter("expected one of --account and --customer")
    missing = [f"--{name}" for name in ("queue", "reason", "title") if not said[name]]
    if missing:
        raise typer.BadParameter(f"expected {', '.join(missing)} as well")
    unit_id = account_unit(account) if account else customer_unit(customer)
    due_at = _moment(due, "--due", now) if due else None
    changed = desk.open(Wanted(unit_id, due_at=due_at, why=tuple(why), **said))
    _tell(changed, "open", now, as_json=as_json)


def _tell(changed: Changed, what: str, now: Moment, *, as_json: bool) -> None:
    """Say what became of a task."""
    from upsell.cli.tasks_text import changed_words
    from upsell.runtime.task_content import task_content

    if as_json:
        _print({"changed": changed.is_new, "task": task_content(changed.task, now)})
    else:
        print(changed_words(changed, what))


def _moment(said: str, option: str, now: Moment) -> Moment:
    """Read a moment, or how long from now."""
    from upsell.clock import parse_moment
    from upsell.workspace.scalars import DURATION

    at = parse_moment(said)
    if at is not None:
        return at
    lasts = DURATION.parse(said)
    if not isinstance(lasts, int):
        msg = f"expected a moment with a zone such as 2026-04-01T09:00:00Z, or such as '3 days', got {said}"
        raise typer.BadParameter(msg, param_hint=option)
    return now + lasts


def _print(content: object) -> None:
    import msgspec

    print(msgspec.json.format(msgspec.json.encode(content)).decode())

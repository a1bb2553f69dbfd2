"""``upsell preview``: a message as a customer would get it now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from upsell.clock import Moment
    from upsell.runtime.previewing import Preview, Wanted


def preview(  # noqa: PLR0913  # a command's options
    template: Annotated[str, typer.Argument(help="Name of the template, such as compare-plans.")],
    *,
    customer: Annotated[str | None, typer.Option(help="The customer who would get it, by their id.")] = None,
    example: Annotated[
        bool, typer.Option("--example", help="A made-up customer; needs no database.")
    ] = False,
    workspace: Annotated[
        Path | None,
        typer.Option(help="Directory of the workspace; without it what is live, with --example this one."),
    ] = None,
    workflow: Annotated[
        str | None, typer.Option(help="Key of the workflow that would send it; the first that does.")
    ] = None,
    channel: Annotated[
        str | None, typer.Option(help="email, sms, push or prompt; the first of the step.")
    ] = None,
    locale: Annotated[
        str | None, typer.Option(help="As if they read this locale, such as de; without it their own.")
    ] = None,
    news: Annotated[
        str, typer.Option(help="What the template order tells, such as failed; that it is theirs.")
    ] = "",
    html: Annotated[Path | None, typer.Option(help="Write the HTML of a mail to this file.")] = None,
    text: Annotated[bool, typer.Option("--text", help="Print the plain text and nothing else.")] = False,
    at: Annotated[
        str | None, typer.Option("--at", help="As of this date or moment of the past, from the ledger.")
    ] = None,
) -> None:
    """Show a message as a customer would get it now: by the way the dispatcher goes, and nothing is sent.

    The exit code is 1 when it would not be sent, with the reason.
    """
    from upsell.clock import SystemClock
    from upsell.errors import ConfigError
    from upsell.runtime.moments import moment_of
    from upsell.runtime.previewing import Wanted
    from upsell.workspace.locales import find_locale

    if example == (customer is not None):
        got = "both" if example else "neither"
        msg = f"expected one of --customer ID and --example, got {got}; --example needs no database"
        raise ConfigError(msg)
    if locale is not None and find_locale(locale) is None:
        msg = f"--locale: expected a locale such as de or pt-BR, got {locale}"
        raise ConfigError(msg)
    past = moment_of(at, "--at")
    now = SystemClock().now()
    if past is not None and past > now:
        msg = f"--at: expected a moment of the past, got {at}"
        raise ConfigError(msg)
    wanted = Wanted(template, customer or "", workflow, channel, locale, news)
    shown = (
        _made_up(workspace or Path(), wanted, now if past is None else past)
        if customer is None
        else _kept(workspace, wanted, now, past)
    )
    if html is not None:
        if not shown.letter.html:
            msg = f"--html: expected a mail, got {shown.channel}, which has no HTML"
            raise ConfigError(msg)
        try:
            html.write_text(shown.letter.html, encoding="utf-8")
        except OSError as error:
            msg = f"--html: expected a file that can be written, got {html}: {error.strerror}"
            raise ConfigError(msg) from error
    print(shown.letter.text.rstrip() if text else "\n".join(_lines(shown, html)))


def _made_up(workspace: Path, wanted: Wanted, now: Moment) -> Preview:
    """Render for a made-up customer."""
    import msgspec

    from upsell.runtime.made_up import CUSTOMER, preview_made_up
    from upsell.workspace.compile import compile_workspace

    program = compile_workspace(workspace).program
    return preview_made_up(program, msgspec.structs.replace(wanted, customer_id=CUSTOMER), now)


def _kept(workspace: Path | None, wanted: Wanted, now: Moment, past: Moment | None) -> Preview:
    """Render for a customer of the database."""
    import os

    import msgspec

    from upsell.config import load_settings
    from upsell.ids import bare, customer_unit
    from upsell.runtime.explaining import stand_now, stand_past
    from upsell.runtime.previewing import preview as render
    from upsell.store.connect import connect, database_url
    from upsell.workspace.compile import compile_workspace

    program = compile_workspace(workspace).program if workspace is not None else None
    name = wanted.customer_id if wanted.customer_id.startswith("c:") else customer_unit(wanted.customer_id)
    with connect(database_url(load_settings(os.environ))) as connection:
        stood = stand_now(connection, name, now) if past is None else stand_past(connection, name, past)
    whom = msgspec.structs.replace(wanted, customer_id=bare(stood.found.unit_id))
    at = max(now if past is None else past, stood.household.taken_at)
    return render(program or stood.program, stood.household, whom, at)


def _lines(shown: Preview, html: Path | None) -> list[str]:
    """Write a message for people: its head, then its words."""
    letter, notification = shown.letter, shown.letter.notification
    mailbox = f"{letter.sender_name} <{letter.sender}>" if shown.channel == "email" else letter.sender_name
    heads = {
        "From": mailbox,
        "To": letter.recipient,
        "Subject" if shown.channel == "email" else "Title": letter.subject,
        "Preheader": shown.preheader,
        "Locale": shown.locale,
        "Sent by": f"{shown.workflow}, step {shown.step}, by {shown.channel}",
        "Offer": shown.offer or "",
        "Segments": _segments(letter.text.rstrip()) if shown.channel == "sms" else "",
        "Opens": notification.link if notification is not None else "",
        "HTML": f"{html} ({len(letter.html.encode()):,} bytes)" if html is not None else "",
    }
    lines = [*(f"{f'{name}:':<10} {said}" for name, said in heads.items() if said), "", letter.text.rstrip()]
    if notification is not None and notification.stop:
        # The button that a notification has beside what is pressed itself.
        lines += ["", f"[{notification.stop_label}]"]
    return lines


def _segments(text: str) -> str:
    """Say in how many segments a text is sent, and what makes it more."""
    from upsell.decisions.text_segments import Encoding, count_segments

    found = count_segments(text)
    because = f", because of {' '.join(found.odd[:10])}" if found.encoding is Encoding.UCS2 else ""
    return f"{found.count} ({found.units} characters of {found.encoding.value}{because})"

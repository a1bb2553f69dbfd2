"""``upsell sources``: the sources of a workspace, the ready recipes, and what one makes of a body."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from upsell.clock import Moment
    from upsell.signals.events import Event
    from upsell.sources.definition import Definition
    from upsell.sources.source import Delivery, Taken
    from upsell.sources.stripe.source import StripeDefinition
    from upsell.workspace.findings import Findings

_MOST_BYTES = 4_000_000


def sources(
    action: Annotated[
        Literal["list", "recipes", "show", "try", "sync"],
        typer.Argument(help="list, recipes, show, try or sync."),
    ],
    name: Annotated[
        str,
        typer.Argument(
            metavar="[NAME]",
            help="With show and try: a recipe; with try also a source or its file; with sync: a query.",
            show_default=False,
        ),
    ] = "",
    body: Annotated[
        str,
        typer.Argument(
            metavar="[BODY]",
            help="With try: a file of what the vendor sends; - reads it from a pipe.",
            show_default=False,
        ),
    ] = "",
    *,
    workspace: Annotated[
        Path | None, typer.Option(help="With list: this directory in place of what is live.")
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option(help="With try: a header as Name: value; repeatable.")
    ] = None,
    at: Annotated[
        str, typer.Option(help="With try: when it came, ISO 8601 with a zone; without it now.")
    ] = "",
    allows_gone: Annotated[
        bool,
        typer.Option("--allow-gone", help="With sync: clear traits also where most of a query is gone."),
    ] = False,
) -> None:
    """List the sources that are live, or the ready recipes; show a recipe; try what comes out of a body; ask.

    What is tried is not sent anywhere, and need not prove who it is from. Its exit code is 2 when something
    would be kept aside. To start from a recipe: upsell sources show zendesk > sources/zendesk.yaml. With sync
    a query of a warehouse is asked now, and what changed since it was last is sent.
    """
    match action:
        case "list":
            print("\n".join(_listed(workspace)))
        case "recipes":
            print("\n".join(_recipes()))
        case "show":
            from upsell.sources.recipes import recipe_text

            print(recipe_text(name), end="")
        case "try":
            _try(name, body, header or [], at)
        case "sync":
            from upsell.cli.sources_sync import sync_source

            sync_source(name, allows_gone=allows_gone)


def _listed(workspace: Path | None) -> Iterator[str]:
    """Write every source in a line."""
    from upsell.cli.sources_sync import query_standings
    from upsell.config import load_settings
    from upsell.runtime.source_standing import open_words
    from upsell.sources.definitions import read_sources
    from upsell.store.connect import connect, database_url
    from upsell.store.revisions import newest_revision
    from upsell.workspace.documents import read_workspace

    settings = load_settings(os.environ)
    standings: Mapping[str, str] = {}
    if workspace is not None:
        found = read_sources(read_workspace(workspace))
    else:
        with connect(database_url(settings)) as connection:
            live = newest_revision(connection)
            found = read_sources(live.documents if live is not None else {})
            standings = query_standings(connection, found)
    if not found:
        yield "There is no source. Write sources/NAME.yaml; `upsell sources recipes` lists ready ones."
    for each in found.values():
        where = f"/hooks/{each.path}" if each.path is not None else "reads by itself"
        yield f"{each.name:<20} {where:<32} {open_words(each, settings.secrets)}"
        if each.name in standings:
            yield f"  {standings[each.name]}"


def _recipes() -> Iterator[str]:
    """Write every recipe in a line."""
    from upsell.sources.recipes import recipe_names, recipe_summary

    for name in recipe_names():
        yield f"{name:<12} {recipe_summary(name).partition(': ')[2]}"
    yield ""
    yield "Use one as it is:   webhook: {recipe: zendesk}   in sources/zendesk.yaml"
    yield "Copy one as a start: upsell sources show zendesk > sources/zendesk.yaml"


def _try(name: str, body: str, headers: list[str], at: str) -> None:
    """Say what a recipe or a source would make of a body."""
    from upsell.errors import ConfigError
    from upsell.sources.reports import MalformedError
    from upsell.sources.source import read_delivery
    from upsell.sources.vendor_ids import NotYetError

    if not name or not body:
        msg = "expected upsell sources try RECIPE BODY.json, got less; - in place of BODY.json reads a pipe"
        raise ConfigError(msg)
    definition, now = _definition(name), _moment(at)
    # What is read need not be proved; any secret that a vendor could have given will do.
    source = definition.open(dict.fromkeys(definition.settings, "whsec_c2VjcmV0"))
    try:
        taken = read_delivery(source, _delivery(body, headers), now)
    except NotYetError as error:
        print(f"not yet (503, so that it is sent again), as far as this body alone tells: {error}")
        raise typer.Exit(2) from error
    except MalformedError as error:
        print(f"nothing can be read: {error}")
        raise typer.Exit(2) from error
    print("\n".join(_told(taken)))
    raise typer.Exit(0 if _is_whole(taken) else 2)


def _definition(name: str) -> Definition:
    """Give the source in a file, or of a recipe.

    Raises:
        ConfigError: There is neither.
        DefinitionError: Something is wrong with it.
    """
    from upsell.errors import ConfigError, DefinitionError
    from upsell.sources.definitions import read_source
    from upsell.sources.recipes import recipe_names, recipe_text
    from upsell.sources.stripe.source import StripeDefinition
    from upsell.workspace.findings import Findings

    file = Path(name)
    here = Path("sources", f"{name}.yaml")
    if name not in recipe_names() and here.is_file():
        file = here
    is_file = file.suffix in (".yaml", ".yml")
    try:
        text = file.read_text("utf-8") if is_file else recipe_text(name)
    except (OSError, UnicodeDecodeError) as error:
        msg = f"expected a file of a source in UTF-8 at {name}, got: {error}"
        raise ConfigError(msg) from error
    findings = Findings()
    found = read_source(str(file) if is_file else f"recipe {name}", file.stem, text, findings)
    if isinstance(found, StripeDefinition) and is_file:
        found = _selling(found, file, findings)
    if found is None or findings.has_errors:
        raise DefinitionError(findings.in_order())
    return found


def _selling(found: StripeDefinition, file: Path, findings: Findings) -> StripeDefinition:
    """Give Stripe with what the catalog of its workspace sells, where there is one beside it."""
    from upsell.sources.stripe.sold import read_sold
    from upsell.workspace.documents import CATALOG

    catalog = file.absolute().parent.parent / CATALOG
    if not catalog.is_file():
        return found
    return found.selling(read_sold({CATALOG: catalog.read_text("utf-8")}), findings)


def _delivery(body: str, headers: list[str]) -> Delivery:
    """Give what is in a file, or comes through a pipe, as a delivery.

    Raises:
        ConfigError: It cannot be read, or a header is none.
    """
    from upsell.errors import ConfigError
    from upsell.sources.source import Delivery

    said: dict[str, str] = {}
    for header in headers:
        key, between, value = header.partition(":")
        if not between or not key.strip():
            msg = f"expected --header 'Name: value', got {header}"
            raise ConfigError(msg)
        said[key.strip().lower()] = value.strip()
    try:
        content = sys.stdin.buffer.read(_MOST_BYTES) if body == "-" else Path(body).read_bytes()
    except OSError as error:
        msg = f"expected a file of what the vendor sends at {body}, got: {error.strerror}"
        raise ConfigError(msg) from error
    return Delivery(content, said)


def _moment(at: str) -> Moment:
    """Give when it came.

    Raises:
        ConfigError: What is said is no moment.
    """
    from upsell.clock import SystemClock, parse_moment
    from upsell.errors import ConfigError

    if not at:
        return SystemClock().now()
    found = parse_moment(at)
    if found is None:
        msg = f"expected --at as ISO 8601 with a zone, such as 2026-03-01T12:00:00Z, got {at}"
        raise ConfigError(msg)
    return found


def _is_whole(taken: Taken) -> bool:
    """Tell whether nothing is refused or kept aside."""
    from upsell.sources.segment import Draft

    return not taken.asides and all(isinstance(each, Draft) for each in taken.items)


def _told(taken: Taken) -> Iterator[str]:
    """Say what would come out: each event as it would stand, and what would not become one."""
    from upsell.sources.segment import Draft

    drafts = [each for each in taken.items if isinstance(each, Draft)]
    wrong = [each for each in taken.items if not isinstance(each, Draft)]
    counts = [f"{len(drafts)} event{'' if len(drafts) == 1 else 's'}"]
    counts += [f"{taken.passed_over} passed over"] if taken.passed_over else []
    counts += [f"{len(taken.asides)} kept aside"] if taken.asides else []
    counts += [f"{len(wrong)} refused"] if wrong else []
    yield ", ".join(counts)
    for draft in drafts:
        yield from _event(draft.event)
    for aside in taken.asides:
        yield f"\nkept aside ({aside.code}), {aside.place}: {aside.message}"
    for refusal in wrong:
        yield f"\nrefused ({refusal.code}): {refusal.message}"


def _event(event: Event) -> Iterator[str]:
    """Write an event as it would stand."""
    import json

    from upsell.clock import format_moment

    head = {
        "id": event.id,
        "customer": event.customer_id,
        "account": event.account_id,
        "occurred_at": format_moment(event.occurred_at),
    }
    yield f"\n{event.name}"
    for name, said in head.items():
        if said is not None:
            yield f"  {name:<16} {said}"
    for name, value in event.properties.items():
        yield f"    {name:<14} {json.dumps(value, ensure_ascii=False)}"

"""The door: every command by name, each in a file of its own.

A command's module is imported when it is asked for, so ``upsell --help`` answers at once. The law:
what Upsell refuses on purpose is said in plain words on the error stream, never as a traceback.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any, Final

import msgspec
import typer
from typer.core import TyperGroup

import upsell
from upsell.cli.problems_text import shown_problem
from upsell.errors import DefinitionError, UpsellError, nearest


class Entry(msgspec.Struct, frozen=True):
    """One command: the function that runs it, as ``module:function``, and what it does in a line."""

    function: str
    summary: str


COMMANDS: Final[dict[str, Entry]] = {
    "check": Entry("upsell.cli.check:check", "Check a workspace and print every problem."),
    "import": Entry("upsell.cli.import_:import_", "Take the events of files and queries into the ledger."),
    "sources": Entry(
        "upsell.cli.sources:sources", "List sources and recipes, try what one makes of a body, ask a query."
    ),
    "sinks": Entry("upsell.cli.sinks:sinks", "List where events go, try one, and replay what was not taken."),
    "serve": Entry("upsell.cli.serve:serve", "Take events over HTTP until stopped."),
    "up": Entry("upsell.cli.up:up", "Run server, worker and dispatcher until stopped."),
    "backtest": Entry(
        "upsell.cli.backtest:backtest", "Tell what a workspace would have done over a history."
    ),
    "conflicts": Entry(
        "upsell.cli.conflicts:conflicts", "Tell which workflows compete for the slot, and which would lose."
    ),
    "power": Entry(
        "upsell.cli.power:power", "Tell how many units and days an experiment needs to see a lift."
    ),
    "experiment": Entry(
        "upsell.cli.experiment:experiment", "Roll out the arm that won, and keep what was found."
    ),
    "explain": Entry("upsell.cli.explain:explain", "Tell why a unit is spoken to, or why not."),
    "consents": Entry(
        "upsell.cli.consents:consents", "Show what a customer consented to and withdrew, with proof."
    ),
    "segments": Entry(
        "upsell.cli.segments:segments", "Count segments and list who is in them, or count a rule."
    ),
    "mcp": Entry("upsell.cli.mcp:mcp", "Serve tools to an agent over standard input and output."),
    "report": Entry("upsell.cli.report:report", "Tell what each workflow did and earned."),
    "metrics": Entry(
        "upsell.cli.metrics:metrics", "Tell what is tracked: definition, SQL and value of each metric."
    ),
    "scorecard": Entry("upsell.cli.scorecard:scorecard", "Tell how far expansion comes, stage by stage."),
    "attribution": Entry(
        "upsell.cli.attribution:attribution", "Credit each upgrade once, beside what was truly earned."
    ),
    "review": Entry("upsell.cli.review:review", "Review a month: what ran, was learned, and is to stop."),
    "export": Entry("upsell.cli.export:export", "Write what is kept to Parquet files, for analysts."),
    "lift": Entry("upsell.cli.lift:lift", "Tell the effect in an experiment that stands in a file."),
    "discounts": Entry(
        "upsell.cli.discounts:discounts", "Tell who waited for a discount before they bought."
    ),
    "demo": Entry("upsell.cli.demo:demo", "Run a simulated year at a made-up company and show it."),
    "simulate": Entry(
        "upsell.cli.simulate:simulate", "Run a workspace against made-up customers, beside planted truth."
    ),
    "draw": Entry("upsell.cli.draw:draw", "Draw a workflow as a picture or as text."),
    "preview": Entry("upsell.cli.preview:preview", "Show a message as a customer would get it now."),
    "templates": Entry("upsell.cli.templates:templates", "List the ready templates, or copy some."),
    "plan": Entry("upsell.cli.plan:plan", "Show what applying a workspace would change."),
    "apply": Entry("upsell.cli.apply:apply", "Put a workspace live as the next revision."),
    "propose": Entry("upsell.cli.propose:propose", "Propose a workspace as a change that another approves."),
    "changes": Entry(
        "upsell.cli.changes:changes", "List changes, show one, approve, refuse, launch or withdraw it."
    ),
    "pull": Entry("upsell.cli.pull:pull", "Write the workspace that is live to files."),
    "worker": Entry("upsell.cli.worker:worker", "Take events and send messages, until stopped."),
    "consume": Entry("upsell.cli.consume:consume", "Read a source of Kafka into the ledger, until stopped."),
    "offsets": Entry(
        "upsell.cli.offsets:offsets", "Show where sources of Kafka stand, or put one elsewhere."
    ),
    "identity": Entry(
        "upsell.cli.identity:identity", "The secret your server signs identities with, and a token to try."
    ),
    "keys": Entry("upsell.cli.keys:keys", "List, make, rotate and revoke the keys that senders show."),
    "push": Entry("upsell.cli.push:push", "Make the key that pushes to browsers are signed with."),
    "users": Entry("upsell.cli.users:users", "List, add and remove who signs in to the pages; roles, links."),
    "audit": Entry("upsell.cli.audit:audit", "Show what users did: who, when and why."),
    "channels": Entry("upsell.cli.channels:channels", "List how each channel stands, or send a test by one."),
    "bounces": Entry(
        "upsell.cli.bounces:bounces", "Read mail that came back, from a mailbox, a file or a pipe."
    ),
    "suppressions": Entry(
        "upsell.cli.suppressions:suppressions", "List, add and remove addresses that are written to no more."
    ),
    "incident": Entry(
        "upsell.cli.incident:incident", "Say that something is broken, or works again; nobody is sold to."
    ),
    "guardrails": Entry(
        "upsell.cli.guardrails:guardrails", "Read every guardrail beside its limit, and say what to do."
    ),
    "guardrail": Entry(
        "upsell.cli.guardrail:guardrail",
        "Let a workflow go on that a guardrail paused, or list what was broken.",
    ),
    "stop": Entry("upsell.cli.stop:stop", "Stop everything that goes out, a channel or a workflow, at once."),
    "resume": Entry("upsell.cli.stop:resume", "Let go on what was stopped by hand."),
    "outbox": Entry(
        "upsell.cli.outbox:outbox", "Look through messages, see one as the customer did, take back, settle."
    ),
    "honour": Entry(
        "upsell.cli.honour:honour", "Take somebody back from an offer, at what was promised with it."
    ),
    "orders": Entry(
        "upsell.cli.orders:orders", "Look through what was accepted, tell billing again, settle by hand."
    ),
    "tasks": Entry(
        "upsell.cli.tasks:tasks", "Work the queue of tasks: what may earn most first, why, and what to say."
    ),
    "benchmark": Entry(
        "upsell.cli.benchmark:benchmark", "Compute what peers use, at most once a day, and show it."
    ),
    "journey": Entry(
        "upsell.cli.journey:journey", "Move passages under way to the live version, or end one."
    ),
    "migrate": Entry("upsell.cli.migrate:migrate", "Bring the database's schema to this program's."),
    "schema": Entry(
        "upsell.cli.schema:schema", "Show which events, properties and traits came, and of which kinds."
    ),
    "doctor": Entry(
        "upsell.cli.doctor:doctor", "Look for what is wrong with what comes in, and say what to do."
    ),
}
"""Every command, in the order in which ``--help`` lists them."""


class _Commands(TyperGroup):
    """The group of all commands, which knows their names and imports the one that runs."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  # typer's own signature
        """Give the names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Give one command; while help is listed or words are completed, only its name and summary."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        if cmd_name in ctx.meta.get(_CHOSEN, ()):
            return load_command(cmd_name)
        return _built(cmd_name, _unloaded, entry.summary)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Choose the command that runs, so that ``get_command`` loads it."""
        if args and args[0] not in COMMANDS:
            near = nearest(args[0], COMMANDS)
            advice = f"did you mean {near}?" if near else f"known are {', '.join(COMMANDS)}"
            ctx.fail(f"expected a command, got {args[0]}; {advice}")
        ctx.meta[_CHOSEN] = tuple(args[:1])
        return super().resolve_command(ctx, args)


_CHOSEN: Final = "upsell.cli.chosen"

app = typer.Typer(
    cls=_Commands,
    name="upsell",
    help="Finds the moment for a bigger plan, decides whether to speak, and proves what it earned.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _show_version(is_asked: bool) -> None:  # typer's own signature
    """Print the version and leave."""
    if is_asked:
        print(f"upsell {upsell.__version__}")
        raise typer.Exit


@app.callback()
def _upsell(
    _: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Hold the commands together."""


def main() -> None:
    """Run the command that was typed; the exit code says how it went.

    0 is done, 1 is refused or wrong, 2 is a command line that cannot be understood.
    """
    try:
        app(prog_name="upsell")
    except DefinitionError as error:
        print("\n".join(shown_problem(problem) for problem in error.problems), file=sys.stderr)
        print("upsell: put this right first; nothing was changed", file=sys.stderr)
        sys.exit(1)
    except UpsellError as error:
        print(f"upsell: {error}", file=sys.stderr)
        sys.exit(1)


def load_command(name: str) -> Any:
    """Give a command by its name, with its module imported."""
    entry = COMMANDS[name]
    return _built(name, _load(entry.function), entry.summary)


def _load(path: str) -> Callable[..., Any]:
    """Import a command's function."""
    module, _, function = path.partition(":")
    loaded: Callable[..., Any] = getattr(import_module(module), function)
    return loaded


def _unloaded() -> None:
    """Stand for a command that is only listed."""


def _built(name: str, function: Callable[..., Any], summary: str) -> Any:
    """Make a command of a function."""
    single = typer.Typer(add_completion=False)
    single.command(name, short_help=summary)(function)
    command = typer.main.get_command(single)
    command.name = name
    return command


if __name__ == "__main__":
    main()

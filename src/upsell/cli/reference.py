"""The reference page of the commands, written from the commands themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from upsell.cli.main import COMMANDS, load_command

_HEAD = """\
<!-- Written by `python docs/reference/write.py`; change the commands in the source, not this page. -->

# Commands

Results go to standard output, everything else to standard error; `--json` gives the same for machines.
Exit code 0 means done, 1 that something was refused with its reason, 2 that some input was rejected or
the call itself was wrong. The database is the one `UPSELL_DATABASE_URL` names, or the embedded one under
`./.upsell/`.
"""


def commands_page() -> str:
    """Give the page of commands: each with what it does, its arguments and its options."""
    sections = [_section(name, load_command(name)) for name in COMMANDS]
    return "\n".join([_HEAD, *sections])


def _section(name: str, command: Any) -> str:
    lines = [f"## upsell {name}", "", inspect.cleandoc(command.help or COMMANDS[name].summary)]
    rows = list(_rows(command))
    if rows:
        lines += ["", "| | |", "| --- | --- |", *rows]
    return "\n".join([*lines, ""])


def _rows(command: Any) -> Iterator[str]:
    for parameter in command.params:
        if parameter.name == "help":
            continue
        if parameter.param_type_name == "argument":
            shown = f"`{parameter.name.upper()}`"
            told = getattr(parameter, "help", "") or ""
        else:
            shown = ", ".join(f"`{option}`" for option in (*parameter.opts, *parameter.secondary_opts))
            told = parameter.help or ""
        yield f"| {shown} | {' '.join(told.split())} |"

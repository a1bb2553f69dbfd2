"""The reference page of the commands, written from the commands themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from upsell.cli.main import COMMANDS, load_command
from upsell.config import SETTINGS, Setting
from upsell.runtime.diagnosis import CHECKS

_HEAD = """\
<!-- Written by `python docs/reference/write.py`; change the commands in the source, not this page. -->

# Commands

Results go to standard output, everything else to standard error; `--json` gives the same for machines.
Exit code 0 means done, 1 that something was refused with its reason, 2 that some input was rejected or
the call itself was wrong. The database is the one `UPSELL_DATABASE_URL` names, or the embedded one under
`./.upsell/`; see [settings](settings.md). `upsell --version` prints the version.
"""


_SETTINGS_HEAD = """\
<!-- Written by `python docs/reference/write.py`; change the table in the source, not this page. -->

# Settings

What depends on the machine is set by environment variables; there is no settings file. A variable that
begins with `UPSELL_` and is not in this table is refused, with the nearest one that is. What a team decides
stands in the [workspace](workspace.md) instead.
"""


def commands_page() -> str:
    """Give the page of commands: each with what it does, its arguments and its options."""
    sections = [_section(name, load_command(name)) for name in COMMANDS]
    return "\n".join([_HEAD, *sections])


_DOCTOR_HEAD = """\
<!-- Written by `python docs/reference/write.py`; change the checks in the source, not this page. -->

# What the doctor looks for

`upsell doctor` reads the ledger, what was learned of names and kinds, the workspace that is live, the
worker's place and the outbox. Each finding says what it is about, what was found and what to do, with one of
these codes. Errors and warnings make the exit code 1; notes do not. `--json` gives the same for machines.

| code | looks for |
| --- | --- |
"""


def doctor_page() -> str:
    """Give the page of the doctor: each check with the codes of its findings."""
    rows = [f"| {', '.join(f'`{code}`' for code in check.codes)} | {check.looks_for} |" for check in CHECKS]
    return _DOCTOR_HEAD + "\n".join([*rows, ""])


def settings_page() -> str:
    """Give the page of settings: each with its variable, what it is for, what fits and its default."""
    rows = [
        f"| `{setting.variable}` | {setting.help} | {setting.range} | {_default(setting)} |"
        for setting in SETTINGS
    ]
    head = ["| variable | what it is | what fits | default |", "| --- | --- | --- | --- |"]
    return "\n".join([_SETTINGS_HEAD, *head, *rows, ""])


def _default(setting: Setting) -> str:
    return f"`{setting.default}`" if setting.default != "" else "empty"


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

"""The reference page of the commands, written from the commands themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from upsell.channels.mail_shapes import MAIL_SHAPE
from upsell.cli.main import COMMANDS, load_command
from upsell.config import SETTINGS, Setting
from upsell.runtime.diagnosis import CHECKS
from upsell.runtime.exports.tables import TABLES, Growth
from upsell.runtime.papers.json_keys import KEYS
from upsell.workspace.reference import shape_tables

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

What depends on the machine is set by environment variables. One of them may name a file, of mail providers,
which holds no secret. A variable that begins with `UPSELL_` and is not in this table is refused, with the
nearest one that is. What a team decides stands in the [workspace](workspace.md) instead.
"""


_MAIL_FILE = """\
## The mail file

`UPSELL_MAIL_FILE` names it; paths in it are told from where it stands. It is read when a dispatcher begins.
What it means is told in [mail by several providers](../guides/mail.md).
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


_REPORT_HEAD = """\
<!-- Written by `python docs/reference/write.py`; change the keys in the source, not this page. -->

# The JSON of a report

`upsell report --format json` and the results page for machines give this. Within a version every key stays
and keeps its meaning; others may come beside it, so read what you know and pass over the rest. What cannot be
said has `kind: undetermined` with a reason and is never a zero. Moments are ISO 8601 in UTC, lengths are
seconds, money is in minor units. Charts stand in what `upsell report` writes; the page for machines has none.

| key | what it is |
| --- | --- |
"""


def report_page() -> str:
    """Give the page of a report's JSON: each key with what it is."""
    return _REPORT_HEAD + "\n".join([*(f"| `{path}` | {meaning} |" for path, meaning in KEYS.items()), ""])


_EXPORT_HEAD = """\
<!-- Written by `python docs/reference/write.py`; change the tables in the source, not this page. -->

# The export

`upsell export DIR` writes these tables as Parquet, each in a folder of its own, most of them by the month (in
UTC) of one of their moments: `events/month=2026-03/part-000000000000001.parquet`. Any tool that reads
Hive-partitioned Parquet reads them; `month` is then a column besides. Moments are microseconds in UTC, money
is in minor units, JSON is text.

All tables of a run are of one state of the database. A second run writes what is new: appended tables get a
file per month that was added to; others have a month, or the whole, written again where any row changed. A
file has its name only when it is whole. `manifest.json`, written last, names every file and how far the
export has come; a run that was lost is made good by the next. The files hold personal data: traits, and what
events say.
"""


def export_page() -> str:
    """Give the page of the export: each table with its columns, their types and what they are."""
    parts = [_EXPORT_HEAD]
    for table in TABLES:
        by = f", by the month of `{table.month_of}`" if table.month_of else ""
        rows = [f"| `{column.name}` | {column.type} | {column.meaning} |" for column in table.columns]
        head = ["| column | type | what it is |", "| --- | --- | --- |"]
        what = f"Each row is {table.what}. {_GROWTH[table.growth]}{by}."
        parts.append("\n".join([f"## {table.name}", "", what, "", *head, *rows, ""]))
    return "\n".join(parts)


_GROWTH = {
    Growth.APPENDED: "Appended to",
    Growth.BY_MONTH: "Written again where it changed",
    Growth.WHOLE: "Written again when it changed",
}


def settings_page() -> str:
    """Give the page of settings: each with its variable, what it is for, what fits and its default."""
    rows = [
        f"| `{setting.variable}` | {setting.help} | {setting.range} | {_default(setting)} |"
        for setting in SETTINGS
    ]
    head = ["| variable | what it is | what fits | default |", "| --- | --- | --- | --- |"]
    return "\n".join([_SETTINGS_HEAD, *head, *rows, "", _MAIL_FILE, *shape_tables(MAIL_SHAPE, "")])


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

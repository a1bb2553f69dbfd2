"""The reference page of the commands, written from the commands themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, assert_never

from upsell.channels.mail_shapes import MAIL_SHAPE
from upsell.channels.sinks.sorts import SORTS as SINK_SORTS
from upsell.channels.sinks.webhook import USUAL
from upsell.cli.main import COMMANDS, load_command
from upsell.clock import MINUTE
from upsell.config import SETTINGS, Setting
from upsell.runtime.diagnosis import CHECKS
from upsell.runtime.exports.tables import TABLES, Growth
from upsell.runtime.papers.json_keys import KEYS
from upsell.sources.functions import OURS
from upsell.sources.signatures import PRESETS, Basic, Scheme, Shown, Signed, fields_in
from upsell.sources.sorts import SORTS
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
nearest one that is; but what begins with `UPSELL_SECRET_` holds a secret that a [source](sources.md)
or a [sink](sinks.md) names.
What a team decides stands in the [workspace](workspace.md) instead.
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


_SOURCES_HEAD = """\
<!-- Written by `python docs/reference/write.py`; change the shapes in the source, not this page. -->

# Sources

A file `sources/NAME.yaml` of a workspace connects a system that you have: what it sends becomes events whose
source is `NAME`. It holds one key, which says what sort of source it is. No secret stands in it: it names
variables of the environment, which begin with `UPSELL_SECRET_`. How one is connected is told in the
[guide](../guides/sources.md); how a new kind is made, in [another](../guides/new-source.md).
"""

_EXPRESSIONS = """\
## Expressions

Expressions are [JMESPath](https://jmespath.org/specification.html). They see `body`, what came, and
`headers`, with names in small letters and `_` in the place of `-`, without those that prove the request;
where `items:` names a list, `item` is each thing of it, else the body. Texts stand in single quotes, numbers
in backticks. Beside JMESPath's own functions there are these; of what is not there each gives null, and what
is null is left out.

| function | gives |
| --- | --- |
"""

_SCHEMES = """\
## Signatures by name

`signature: NAME` stands for how these prove themselves. Others are written out under `hmac:` or `shown:`.

| name | header | what it holds |
| --- | --- | --- |
"""


def sources_page() -> str:
    """Give the page of sources: the keys of every sort, the functions, and the signatures by name."""
    parts = [_SOURCES_HEAD]
    for key, sort in SORTS.items():
        parts += [
            f"## {key}\n\n{sort.meaning[:1].upper()}{sort.meaning[1:]}.\n",
            *shape_tables(sort.shape, key),
        ]
    calls = [
        f"| `{name}({', '.join(inspect.signature(each).parameters)})` | {_gives(each)} |"
        for name, each in OURS.items()
    ]
    schemes = [f"| `{name}` | {_scheme(scheme)} |" for name, scheme in PRESETS.items()]
    return "\n".join([*parts, _EXPRESSIONS + "\n".join([*calls, ""]), _SCHEMES + "\n".join([*schemes, ""])])


_SINKS_HEAD = """\
<!-- Written by `python docs/reference/write.py`; change the shapes in the source, not this page. -->

# Sinks

A file `sinks/NAME.yaml` of a workspace is a place to which events go. It is of the sort that one of its keys
tells. No secret stands in it: it names variables of the environment, which begin with `UPSELL_SECRET_`. How
one is set up is told in the [guide](../guides/sinks.md).
"""


def sinks_page() -> str:
    """Give the page of sinks: the keys of every sort."""
    parts = [_SINKS_HEAD]
    for key, sort in SINK_SORTS.items():
        parts += [
            f"## {key}\n\n{sort.meaning[:1].upper()}{sort.meaning[1:]}.\n",
            *shape_tables(sort.shape, ""),
        ]
    usual = ", ".join(f"`{name}`" for name in sorted(USUAL))
    return "\n".join([*parts, f"Without `events:` a webhook is told of {usual}.\n"])


def _gives(function: Any) -> str:
    """Say what a function gives, as its docstring does."""
    return (inspect.getdoc(function) or "").removeprefix("Give ").removesuffix(".")


def _scheme(scheme: Scheme) -> str:
    """Say how a request proves itself."""
    match scheme:
        case Signed():
            is_plain = "secret" in fields_in(scheme.template)
            what = (
                f"{scheme.hash} of `{scheme.template}`"
                if is_plain
                else f"HMAC-{scheme.hash} of `{scheme.template}`"
            )
            minutes = (
                f", good for {scheme.tolerance // MINUTE} minutes" if "timestamp" in scheme.template else ""
            )
            return f"`{scheme.header}` | {what} in {scheme.coding.value}{minutes}"
        case Shown():
            return f"`{scheme.header}` | `{scheme.prefix}` and the secret"
        case Basic():
            return "`authorization` | Basic, the secret being `user:password`"
        case _:
            assert_never(scheme)


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

"""The tables of an export: what each column is, of which type, and how a table grows.

The page of reference is written from this. The law: within a version no column goes or changes its
meaning.
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec
import pyarrow as pa

VERSION = 1
"""Version of the export's form."""

AT = pa.timestamp("us", tz="UTC")
_TEXT, _WHOLE, _NUMBER, _TRUTH = pa.string(), pa.int64(), pa.float64(), pa.bool_()


class Growth(enum.Enum):
    """How a table changes from one export to the next."""

    APPENDED = "appended"
    BY_MONTH = "by month"
    WHOLE = "whole"


class Column(msgspec.Struct, frozen=True):
    """One column: its name, its Arrow type, and what it is."""

    name: str
    type: pa.DataType
    meaning: str


class ExportTable(msgspec.Struct, frozen=True):
    """One table of an export.

    Attributes:
        name: Its folder; the query that reads it is ``export_<name>``.
        what: What a row is.
        growth: Appended to, written again month by month where something changed, or as a whole.
        columns: In their order.
        month_of: The moment whose month in UTC a row stands in; empty for a table without months.
        ascends_by: The column by which an appended table grows; empty for others.
        kept_as: What the database calls it, for queries that are run over both.
    """

    name: str
    what: str
    growth: Growth
    columns: tuple[Column, ...]
    month_of: str = ""
    ascends_by: str = ""
    kept_as: str = ""

    @property
    def schema(self) -> pa.Schema:
        """Its Arrow schema."""
        return pa.schema([(column.name, column.type) for column in self.columns])

    @property
    def relation(self) -> str:
        """Its name in queries."""
        return self.kept_as or self.name


def _c(name: str, kind: pa.DataType, meaning: str) -> Column:
    return Column(name, kind, meaning)


_UNIT = _c("unit_id", _TEXT, "the unit: `a:` and the account's id, or `c:` and the customer's")
_WORKFLOW = _c("workflow", _TEXT, "key of the workflow")
_ENROLLMENT = _c("enrollment", _TEXT, "the passage through the workflow")
_TERMS = _c("terms", _TEXT, "what the offer came to for the unit, JSON; null without an offer")

TABLES: Final[tuple[ExportTable, ...]] = (
    ExportTable(
        "events",
        "one thing that happened, as it was taken; also what was derived and what became of messages",
        Growth.APPENDED,
        (
            _c("position", _WHOLE, "its place in the ledger; ascends, gaps mean nothing"),
            _c("seen_at", AT, "when it was taken"),
            _c("occurred_at", AT, "when it happened"),
            _c("household_id", _TEXT, "the household it belongs to"),
            _c("customer_id", _TEXT, "the customer it names, or null"),
            _c("account_id", _TEXT, "the account it names, or null"),
            _c("name", _TEXT, "its name; the page of events has those with a fixed meaning"),
            _c("message_id", _TEXT, "its id at the source"),
            _c("source", _TEXT, "who sent it"),
            _c("properties", _TEXT, "what it says, JSON"),
            _c("is_derived", _TRUTH, "whether the program concluded it from others"),
            _c("is_historical", _TRUTH, "whether it came with a history"),
        ),
        "occurred_at",
        "position",
    ),
    ExportTable(
        "decisions",
        "one answer to one unit by one workflow, written when the answer or its reason changed",
        Growth.APPENDED,
        (
            _c("number", _WHOLE, "ascends; gaps mean nothing"),
            _UNIT,
            _WORKFLOW,
            _c("version", _TEXT, "version of the workflow"),
            _c("decided_at", AT, "when"),
            _c("reason", _TEXT, "the reason, of a closed set"),
            _c("rule", _TEXT, "the rule or state that decided, or empty"),
            _c("seen", _TEXT, "the facts that were seen, JSON"),
            _c("enrollment", _TEXT, "the passage it is about; null for a candidate"),
        ),
        "decided_at",
        "number",
    ),
    ExportTable(
        "exposures",
        "the first moment the arms of a contrast would have differed for a unit",
        Growth.BY_MONTH,
        (
            _UNIT,
            _WORKFLOW,
            _c("contrast", _TEXT, "`holdout`, `arms`, or `control` for the whole programme"),
            _c("arm", _TEXT, "the arm it is in"),
            _c("share", _NUMBER, "planned share of that arm then, 0 to 1"),
            _c("stratum", _TEXT, "which units it may be compared with"),
            _c("exposed_at", AT, "when"),
            _ENROLLMENT,
            _c("stage", _TEXT, "lifecycle stage then; empty where it was not known"),
            _c("trigger", _TEXT, "what had fired; empty where nothing kept it"),
        ),
        "exposed_at",
    ),
    ExportTable(
        "messages",
        "one message to one person on one channel",
        Growth.BY_MONTH,
        (
            _c("key", _TEXT, "its key; each reaches a provider's acceptance at most once"),
            _c("household_id", _TEXT, "the household it concerns"),
            _UNIT,
            _c("customer_id", _TEXT, "whom it is for"),
            _ENROLLMENT,
            _WORKFLOW,
            _c("version", _TEXT, "version of the workflow"),
            _c("step", _TEXT, "the step that said it"),
            _c("visit", _WHOLE, "how often that step had been come to"),
            _c("channel", _TEXT, "by which means"),
            _c("intent", _TEXT, "`service`, `help`, `show` or `offer`"),
            _c("content", _TEXT, "name of the template"),
            _c("offer", _TEXT, "the offer it makes, or null"),
            _c("arm", _TEXT, "the arm of the experiment, or null"),
            _TERMS,
            _c("reserved_at", AT, "when its place in the cap was taken"),
            _c("state", _TEXT, "reserved, claimed, sending, sent, failed, unknown or withdrawn"),
            _c("attempts", _WHOLE, "how often a provider was spoken to"),
            _c("sending_at", AT, "when the last time began, or null"),
            _c("finished_at", AT, "when it came to its state for good, or null"),
            _c("provider_id", _TEXT, "what the provider calls it, or null"),
            _c("reason", _TEXT, "why it was not sent, or null"),
        ),
        "reserved_at",
        kept_as="outbox",
    ),
    ExportTable(
        "tasks",
        "one piece of work for a person",
        Growth.BY_MONTH,
        (
            _c("key", _TEXT, "its key"),
            _UNIT,
            _ENROLLMENT,
            _WORKFLOW,
            _c("queue", _TEXT, "whose it is"),
            _c("title", _TEXT, "what is to be done"),
            _c("offer", _TEXT, "the offer it is about, or null"),
            _TERMS,
            _c("opened_at", AT, "when it was opened"),
            _c("due_at", AT, "by when it is to be done"),
            _c("closed_at", AT, "when it was closed, or null"),
            _c("outcome", _TEXT, "what came of it, as its closing told, or null"),
            _c("minutes", _NUMBER, "minutes of work, as its closing told, or null"),
        ),
        "opened_at",
    ),
    ExportTable(
        "units",
        "one account or customer as it is now",
        Growth.WHOLE,
        (
            _UNIT,
            _c("household_id", _TEXT, "the household it is in"),
            _c("is_account", _TRUTH, "whether it is an account"),
            _c("traits", _TEXT, "its traits, JSON; personal data"),
            _c("taken_at", AT, "up to when it has been taken"),
        ),
    ),
    ExportTable(
        "subscriptions",
        "one subscription as it is known now",
        Growth.WHOLE,
        (
            _UNIT,
            _c("subscription_id", _TEXT, "its id; `default` where none was given"),
            _c("plan", _TEXT, "the plan"),
            _c("quantity", _NUMBER, "units of quantity, such as seats"),
            _c("amount", _WHOLE, "what falls due per interval, minor units"),
            _c("currency", _TEXT, "ISO 4217 code"),
            _c("interval_months", _WHOLE, "months in one interval"),
            _c("status", _TEXT, "`active` or `trialing`"),
            _c("started_at", AT, "when it started"),
            _c("renews_at", AT, "when the present terms end, or null"),
            _c("ends_at", AT, "when it ends or ended, or null"),
        ),
    ),
    ExportTable(
        "merged_customers",
        "one id that was found to be another's",
        Growth.WHOLE,
        (
            _c("gone_id", _TEXT, "the id that went"),
            _c("customer_id", _TEXT, "the one that stays today"),
        ),
    ),
    ExportTable(
        "revisions",
        "one state of the definitions, as it was applied",
        Growth.WHOLE,
        (
            _c("number", _WHOLE, "from 1, without gaps"),
            _c("hash", _TEXT, "version of the program"),
            _c("documents", _TEXT, "the workspace, JSON: text by path"),
            _c("live_from", _WHOLE, "events behind this position are taken under it"),
            _c("live_at", AT, "the moment from which it is live"),
            _c("applied_at", AT, "when it was applied"),
            _c("note", _TEXT, "what was said about it"),
            _c("edition", _WHOLE, "what it means by what it does not say"),
        ),
    ),
)
"""Every table of an export."""

"""Pages of what can be wrong with a mapping file, or a source, beside what can be wrong with any YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from upsell.workspace.codes.page import Page

PAGES: Final[Mapping[str, Page]] = {
    page.code: page
    for page in (
        Page(
            code="record",
            meaning="A record of a mapping does not say one thing, or lacks the id of whom it is about.",
            remedy="Give it exactly one of event, customer_traits and account_traits, and the key "
            "customer, account or both, as the message says.",
        ),
        Page(
            code="unknown-file",
            meaning="A record is read from a file or table that the mapping does not have.",
            remedy="Take the nearest name, or add it under files or tables.",
        ),
        Page(
            code="mapping-sql",
            meaning="DuckDB cannot run an expression of the mapping over the file.",
            remedy="The hint is DuckDB's own answer: most often a column is called otherwise.",
        ),
        Page(
            code="mapping-time",
            meaning="A time is read from a column that holds neither text nor dates.",
            remedy="For numbers since 1970 write {of: ..., unit: ms} with the unit s, ms or us.",
        ),
        Page(
            code="mapping-zone",
            meaning="A column holds times that state no zone.",
            remedy="Write zone at the top of the mapping: the one these times are in.",
        ),
    )
}
"""Every page of a mapping's own codes."""

OF_SOURCES: Final[Mapping[str, Page]] = {
    page.code: page
    for page in (
        Page(
            code="source-name",
            meaning="A source is called as events are whose source is another.",
            remedy="Give its file another name; ids of its events would clash with theirs.",
        ),
        Page(
            code="source-path",
            meaning="Two sources take requests under one path, or one does under that of a mail provider.",
            remedy="Give one of them another path, and tell its vendor the new address.",
        ),
        Page(
            code="source-security",
            meaning="What is written about how a source is let in does not go together.",
            remedy="Beside sasl_ssl or sasl_plaintext write mechanism, user and password, which others do "
            "without; certificate and private_key go together.",
        ),
        Page(
            code="query-gone",
            meaning="A query is to clear traits whose row is gone, but does not give all of them each time.",
            remedy="Leave out cursor, so that all rows are read, or leave out gone.",
        ),
        Page(
            code="source-rule",
            meaning="A rule of a webhook does not say one thing, or lacks the id of whom it is about.",
            remedy="Give it exactly one of event, customer_traits, account_traits and ignore, and the key "
            "customer, account or both, in the rule or beside the rules.",
        ),
        Page(
            code="expression",
            meaning="An expression of a source is no JMESPath, or calls a function that is not there.",
            remedy="The caret shows where it breaks off. Texts stand in single quotes, numbers in backticks.",
        ),
        Page(
            code="signature",
            meaning="How a webhook's requests prove themselves leaves room for others to send them.",
            remedy="Say what is signed as the vendor's page has it; {body} is always part of it.",
        ),
        Page(
            code="unknown-field",
            meaning="What is signed names something that a request does not have.",
            remedy="Take the nearest of {body}, {timestamp}, {id}, {method}, {url} and {secret}.",
        ),
        Page(
            code="reserved-event",
            meaning="A source names an event that only Upsell itself records.",
            remedy="Choose another fixed event, or a name of your own.",
        ),
    )
}
"""Every page of a source's own codes."""

"""Rewriting: what a statement written in DuckDB's dialect needs beside sqlglot's translation.

For the queries. The law: a statement means the same before and after; only what an engine lacks, or would
do several times over, is said in another way.
"""

from __future__ import annotations

from sqlglot import exp

WORTH_ONE_PASS = 3
"""From how many properties of one JSON text on they are taken out together."""


def read_once(statement: exp.Select) -> None:
    """Take out in one pass all that a select wants of a JSON text, which DuckDB reads anew for each alone."""
    for select in statement.find_all(exp.Select):
        texts = [each for each in select.find_all(exp.JSONExtractScalar) if each.parent_select is select]
        for document in {text.this for text in texts}:
            wanted = [text for text in texts if text.this == document]
            paths = list(dict.fromkeys(text.expression for text in wanted))
            if len(paths) < WORTH_ONE_PASS:
                continue
            # It is written alike everywhere, and what is alike is computed once.
            every = exp.Array(expressions=[path.copy() for path in paths])
            together = exp.Paren(this=exp.JSONExtractScalar(this=document.copy(), expression=every))
            for text in wanted:
                place = exp.Literal.number(paths.index(text.expression))
                text.replace(exp.Bracket(this=together.copy(), expressions=[place]))


def widen(statement: exp.Select) -> None:
    """Use exact decimals where an engine lacks whole numbers of 128 bits."""
    for kind in statement.find_all(exp.DataType):
        if kind.this is exp.DataType.Type.INT128:
            kind.replace(exp.DataType.build("decimal"))

"""From rule text to a SQL syntax tree, by sqlglot.

Answers whether a text is one SQL expression of a bearable size, and where it stops being one. The
law: whatever comes in, the answer is a syntax tree or a ``Problem`` with a place, never another
exception.
"""

from __future__ import annotations

import re
from itertools import pairwise

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from upsell.errors import Problem
from upsell.rules.caret import complain

LONGEST = 10_000
"""The most characters a rule may have."""

DEEPEST = 50
"""The most levels a rule may have, signals it names counted in."""

_DEEPEST_NESTING = 20
"""The most parentheses within parentheses: far below where the parser, which recurses, gives up."""

_OPENING = frozenset({TokenType.L_PAREN, TokenType.CASE})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.END})
_PREFIXES = frozenset({TokenType.NOT, TokenType.DASH, TokenType.PLUS, TokenType.TILDE})
_POSTGRES = Postgres()
_TOO_DEEP = "name a part of it as a signal of its own, or join the parts with one and / or"


def parse_expression(text: object) -> exp.Expression | Problem:
    """Parse a rule's text as one SQL expression, or give the problem that prevents it."""
    if not isinstance(text, str):
        message = f"expected a rule as text, got {type(text).__name__} {text!r}"[:200]
        return Problem(message, hint="    put the rule in quotes", code="rule-syntax")
    unfit = _refuse_text(text)
    if unfit is not None:
        return unfit
    try:
        tokens = _tokens(text)
        if _nesting(tokens) > _DEEPEST_NESTING:
            return too_deep(text)
        found = [each for each in _POSTGRES.parser().parse(tokens, text) if each is not None]
    except TokenError:
        return _refuse_tokens(text)
    except ParseError as error:
        return _refuse_parse(text, error)
    except RecursionError:
        return too_deep(text)
    if len(found) != 1 or not isinstance(found[0], exp.Expression):
        second = next((token for token in tokens if token.token_type is TokenType.SEMICOLON), None)
        place = second.start if second else 0
        message = f"expected one expression, got {len(found)}"
        return complain(text, place, message, hint="join them with and / or", code="rule-syntax")
    return found[0]


def too_deep(text: str) -> Problem:
    """Make the problem of a rule with too many levels."""
    message = f"the rule has too many levels: at most {_DEEPEST_NESTING} parentheses, {DEEPEST} in all"
    return complain(text, 0, message, hint=_TOO_DEEP, code="rule-size")


def _tokens(text: str) -> list[Token]:
    """Split the text, and let ``limit(`` be a function: SQL has it as a word of its own."""
    tokens = _POSTGRES.tokenize(text)
    for token, following in pairwise(tokens):
        if token.token_type is TokenType.LIMIT and following.token_type is TokenType.L_PAREN:
            token.token_type = TokenType.VAR
    return tokens


def _nesting(tokens: list[Token]) -> int:
    """Count how deep parentheses, cases and rows of not and minus lie within one another."""
    deepest = open_now = in_a_row = 0
    for token in tokens:
        in_a_row = in_a_row + 1 if token.token_type in _PREFIXES else 0
        if token.token_type in _OPENING:
            open_now += 1
        elif token.token_type in _CLOSING:
            open_now -= 1
        deepest = max(deepest, open_now + in_a_row)
    return deepest


def _refuse_text(text: str) -> Problem | None:
    """Make the problem of a text that is empty, too long or holds what no database keeps."""
    if not text.strip():
        hint = "write a condition such as plan.tier < 3"
        return complain(text, 0, "expected a rule, got an empty text", hint=hint, code="rule-syntax")
    if len(text) > LONGEST:
        message = f"expected a rule of at most {LONGEST:,} characters, got {len(text):,}"
        return complain(text, LONGEST, message, hint=_TOO_DEEP, code="rule-size")
    unwritable = re.search(r"[\x00\ud800-\udfff]", text)
    if unwritable:
        message = "this character cannot be kept in a database"
        return complain(text, unwritable.start(), message, hint="remove it", code="rule-syntax")
    return None


def _refuse_tokens(text: str) -> Problem:
    """Make the problem of a text whose quotes or comments do not end."""
    for quote, name in (("'", "text"), ('"', "name")):
        if text.count(quote) % 2:
            message = f"a {name} begins with {quote} and does not end"
            hint = f"close it with {quote}; a {quote} inside is written twice"
            return complain(text, text.rfind(quote), message, hint=hint, code="rule-syntax")
    return complain(
        text, 0, "the rule cannot be split into words", hint="check its quotes", code="rule-syntax"
    )


def _refuse_parse(text: str, error: ParseError) -> Problem:
    """Make the problem of a text that stops being SQL at some place."""
    first = error.errors[0] if error.errors else {}
    line, column = first.get("line") or 1, first.get("col") or 1
    word = str(first.get("highlight") or "")
    start = sum(len(each) + 1 for each in text.split("\n")[: line - 1])
    place = start + max(0, column - len(word))
    said = str(first.get("description") or "")
    if said.startswith("Required keyword"):
        message = f"expected more after `{word}`" if word else "expected more here"
        hint = "a value, a comparison or an argument is missing"
    elif said.startswith("Expecting") or said.startswith("Expected"):
        message = f"{said[0].lower()}{said[1:]} near `{word}`"
        hint = "check parentheses, commas and the end of case"
    else:
        message = f"`{word}` cannot be read here"
        hint = "a rule is one SQL expression, such as plan.tier < 3 and usage_ratio('seats') >= 0.8"
    return complain(text, place, message, hint=hint, code="rule-syntax")

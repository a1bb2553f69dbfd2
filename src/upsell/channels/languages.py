"""Languages: in which of ours somebody is spoken to where no template says it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from upsell.rules.facts import Scalar

ENGLISH: Final = "en"
GERMAN: Final = "de"

LANGUAGES: Final = (ENGLISH, GERMAN)
"""What footers and pages for customers are written in; who speaks none of them reads the first."""


def language_of(traits: Mapping[str, Scalar], accepted: str = "") -> str:
    """Give the language of a customer: by the traits ``locale`` and ``language``, else by what is accepted.

    Args:
        traits: What is known of the customer.
        accepted: What a browser said of languages (RFC 9110, 12.5.4), empty when there is none.
    """
    said = [str(traits.get(name) or "") for name in ("locale", "language")]
    return _known([*said, *_by_weight(accepted)])


def _by_weight(accepted: str) -> list[str]:
    """Give the languages a header names, the most wanted first; those of weight 0 are not wanted."""
    weighed = []
    for place, part in enumerate(accepted.split(",")[:50]):
        language, _, said = part.partition(";")
        name, _, weight = said.strip().partition("=")
        try:
            wanted = float(weight) if name.strip() == "q" else 1.0
        except ValueError:
            continue
        if wanted > 0:
            weighed.append((-wanted, place, language.strip()))
    return [language for _, _, language in sorted(weighed)]


def _known(wanted: Collection[str]) -> str:
    for tag in wanted:
        language = tag.replace("_", "-").partition("-")[0].casefold()
        if language in LANGUAGES:
            return language
    return ENGLISH

"""Replies: what somebody means who answers a text.

For whatever hears answers. The law: whoever asks in any reasonable wording to be left alone is left alone
(47 CFR 64.1200(a)(10)), so what is in doubt is a withdrawal; what only has one of its words in it, as "stop
by the store at 5", is one that a person looks at.
"""

from __future__ import annotations

import enum
import re
import unicodedata

from upsell.decisions.reply_words import DOUBTFUL, HELP, ORDINARY, PHRASES, POLITE, START, STOP


class Meaning(enum.Enum):
    """What an answer asks for; the values are what an event says."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    PERHAPS_STOP = "perhaps stop"
    OTHER = "other"


_APOSTROPHES = re.compile("['’‘ʼ`´′]")
_LONG_DRAWN = re.compile(r"([^\W\d_])\1{2,}")
_ACCENT = re.compile("[\u0300-\u036f\ufe00-\ufe0f]")
_SIGNS = str.maketrans(dict.fromkeys("\N{OCTAGONAL SIGN}\N{NO ENTRY SIGN}\N{NO ENTRY}", " stop "))
_WITHDRAWAL = re.compile("|".join(PHRASES))
_ORDINARY = re.compile("|".join(ORDINARY))
_DOUBTFUL = re.compile(DOUBTFUL)
_STOP = re.compile(r"\bstopp?\b")
_LETTERS = re.compile(r"(?:\w )+\w")

LONGEST = 2_000
"""How many characters of an answer are read."""


def read_reply(text: str) -> Meaning:
    """Say what an answer asks for; nothing asks for nothing."""
    plain = _plain(text)
    core = _without_politeness(plain)
    for said in (plain, core):
        if said in _WHOLE:
            return _WHOLE[said]
    rest = _ORDINARY.sub(" ", plain)
    if _WITHDRAWAL.search(rest) or _STOP.search(rest):
        return Meaning.STOP
    if rest != plain or _DOUBTFUL.search(rest):
        return Meaning.PERHAPS_STOP
    return Meaning.OTHER


def is_withdrawal(text: str) -> bool:
    """Tell whether an answer asks for no more texts, in whatever words."""
    return read_reply(text) is Meaning.STOP


def is_keyword(text: str) -> bool:
    """Tell whether an answer is one word and no more, as carriers themselves look for it."""
    return text.strip().casefold() in KEYWORDS


KEYWORDS = frozenset(
    "stop stopall unsubscribe cancel end quit optout revoke start yes unstop help info".split()
)
"""Words that Twilio itself answers where nothing else is set up, when they are all that is said.

Source: Twilio, Support for opt-out keywords (SMS STOP filtering).
"""


def _plain(text: str) -> str:
    """Give a text in lower case, without accents, signs and what cannot be seen, with single blanks."""
    shown = unicodedata.normalize("NFKD", text[:LONGEST].translate(_SIGNS)).casefold()
    shown = _APOSTROPHES.sub("", shown)
    kept = []
    for each in shown:
        kind = unicodedata.category(each)
        # Marks of other scripts are letters there; those of these are what people leave out.
        if kind[0] in "LNM" and not _ACCENT.fullmatch(each):
            kept.append(each)
        elif kind not in ("Mn", "Me", "Cf", "Sk"):
            kept.append(" ")
    words = " ".join(unicodedata.normalize("NFC", "".join(kept)).split())
    words = _LONG_DRAWN.sub(r"\1", words)
    return words.replace(" ", "") if _LETTERS.fullmatch(words) else words


def _without_politeness(plain: str) -> str:
    """Leave out words that change nothing, and words that are said again."""
    kept = [word for word in plain.split() if word not in POLITE]
    return " ".join(dict.fromkeys(kept)) if len(set(kept)) == 1 else " ".join(kept)


_WHOLE = {
    _plain(said): meaning
    for meaning, all_said in ((Meaning.HELP, HELP), (Meaning.START, START), (Meaning.STOP, STOP))
    for said in all_said
}

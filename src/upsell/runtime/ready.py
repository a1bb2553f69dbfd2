"""Ready templates: messages shipped with the program, to be copied into a workspace and made one's own.

For ``upsell templates``. The law: what is copied is the team's own from then on; nothing that is there is
ever written over, and nothing is half copied.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

from upsell.errors import ConfigError
from upsell.workspace.documents import PARTIALS, SETTINGS, TEMPLATES
from upsell.workspace.locales import DEFAULT, find_locale

READY: Final[Mapping[str, str]] = {
    "education": "help first: three ways to need less of what runs short",
    "value-report": "what they used, saved and reached, from what was really recorded",
    "compare-plans": "the plans they may have, side by side, their own among them",
    "milestone": "a number they reached, celebrated, with nothing to buy",
    "offer": "an offer with its reason, price, guarantee and way back",
    "welcome": "what is new on the plan they chose, and how to begin",
}
"""The ready templates, by name."""

OWN: Final[Mapping[str, str]] = {
    "order": "what became of what they accepted: sent without a workflow, as it is or as you have it",
    "colleague": "asks somebody who may decide for an account: sent without a workflow too",
}
"""The ready templates of mails that no workflow sends, by name: they need not be copied to be sent."""

_FOLDER: Final = "ready_templates"
_LOCALE = re.compile(r"^locale:[ \t]*[\"']?([\w-]+)", re.MULTILINE)
_RENDER = re.compile(r"\{%-?\s*render\s+'([^']+)'")


def locales_of(name: str) -> tuple[str, ...]:
    """Give the languages a ready template is written in, the first without a locale in its name."""
    tags = [path.split(".")[1:-1] for path in _shipped() if path.split(".")[0] == name]
    return (DEFAULT, *sorted(tag[0] for tag in tags if tag))


def copy_templates(workspace: Path, names: Iterable[str], locales: Sequence[str] | None = None) -> list[Path]:
    """Copy ready templates, and the partials they use, into a workspace; give the files written.

    Partials that are there already are the team's, and stay as they are.

    Args:
        workspace: Its directory.
        names: The templates.
        locales: The languages wanted; None for all there are. English has no locale in its file's name.

    Raises:
        ConfigError: The directory is no workspace, a language is not there, or a template is there already.
    """
    if not (workspace / SETTINGS).is_file():
        msg = f"expected a workspace with {SETTINGS} in {workspace}, got none; name it with --workspace DIR"
        raise ConfigError(msg)
    shipped, wanted = _in_locale(_shipped(), _locale_of(workspace)), _wanted(locales)
    chosen = [path for name in names for path in shipped if _is_of(path, name, wanted)]
    there = [path for path in chosen if (workspace / TEMPLATES / path).exists()]
    if there:
        got = ", ".join(there)
        msg = f"expected names that are free in {workspace / TEMPLATES}, got {got}; move them away first"
        raise ConfigError(msg)
    partials = _partials_of([shipped[path] for path in chosen], shipped, wanted)
    written = []
    for path in (*chosen, *partials):
        file = workspace / TEMPLATES / path
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(shipped[path], encoding="utf-8")
            written.append(file)
    return written


def own_documents(locale: str) -> dict[str, str]:
    """Give the templates of mails that no workflow sends, and their partials, for a workspace of a locale."""
    return {
        f"{TEMPLATES}/{path}": text
        for path, text in _in_locale(_shipped(), locale).items()
        if path.startswith("partials/") or path.split(".")[0] in OWN
    }


def _locale_of(workspace: Path) -> str:
    """Give the locale in which a workspace's templates are written whose files name none."""
    said = _LOCALE.search((workspace / SETTINGS).read_text(encoding="utf-8", errors="replace"))
    return (find_locale(said[1]) if said is not None else None) or DEFAULT


def _in_locale(shipped: Mapping[str, str], locale: str) -> dict[str, str]:
    """Name English in the files of a workspace of another locale; what has no language needs no name."""
    if locale == DEFAULT:
        return dict(shipped)
    spoken = {path.split(".")[0] for path in shipped if path.count(".") > 1}
    named = {}
    for path, text in shipped.items():
        stem, _, ending = path.partition(".")
        is_english = stem in spoken and path.count(".") == 1
        named[f"{stem}.{DEFAULT}.{ending}" if is_english else path] = text
    return named


def _wanted(locales: Sequence[str] | None) -> frozenset[str] | None:
    """Give the languages asked for, None for all."""
    if not locales:
        return None
    there = {locale for name in (*READY, *OWN) for locale in locales_of(name)}
    for locale in locales:
        if find_locale(locale) not in there:
            msg = f"--locale: expected one of {', '.join(sorted(there))}, got {locale}"
            raise ConfigError(msg)
    return frozenset(str(find_locale(locale)) for locale in locales)


def _is_of(path: str, name: str, wanted: frozenset[str] | None) -> bool:
    """Tell whether a file is a template of a name, in a language that is wanted."""
    stem, *rest = path.split(".")
    locale = rest[0] if len(rest) > 1 else DEFAULT
    return stem == name and (wanted is None or locale in wanted)


def _partials_of(
    texts: Iterable[str], shipped: Mapping[str, str], wanted: frozenset[str] | None
) -> list[str]:
    """Give the partials that texts use, and those that these use."""
    folder = PARTIALS.removeprefix(f"{TEMPLATES}/")
    found: list[str] = []
    pending = [name for text in texts for name in _RENDER.findall(text)]
    while pending:
        name = pending.pop()
        for path in shipped:
            # Without its own language a partial falls back to the one without a locale.
            is_one = path.startswith(f"{folder}/") and _is_of(path.removeprefix(f"{folder}/"), name, None)
            locale = path.split(".")[1]
            is_wanted = wanted is None or path.count(".") == 1 or locale in (*wanted, DEFAULT)
            if is_one and is_wanted and path not in found:
                found.append(path)
                pending += _RENDER.findall(shipped[path])
    return sorted(found)


def _shipped() -> dict[str, str]:
    """Read what is shipped, by path under templates."""
    root = files("upsell.runtime") / _FOLDER
    found: dict[str, str] = {}
    pending = [("", root)]
    while pending:
        at, folder = pending.pop()
        for each in folder.iterdir():
            if each.is_dir():
                pending.append((f"{at}{each.name}/", each))
            else:
                found[f"{at}{each.name}"] = each.read_text(encoding="utf-8")
    return dict(sorted(found.items()))

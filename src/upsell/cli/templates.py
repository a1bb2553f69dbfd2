"""``upsell templates``: the ready templates, listed or copied into a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def templates(
    add: Annotated[
        list[str] | None,
        typer.Argument(help="The word add, then the names to copy; without them all are listed."),
    ] = None,
    *,
    workspace: Annotated[
        Path, typer.Option(help="Directory of the workspace they are copied into.")
    ] = Path(),
    locale: Annotated[
        list[str] | None, typer.Option(help="Only in this language; repeatable. Without it all there are.")
    ] = None,
) -> None:
    """List the ready templates, or copy some with their partials: upsell templates add NAME.

    What is there already is never written over, and then nothing is copied.
    """
    from upsell.errors import ConfigError, nearest
    from upsell.runtime.ready import OWN, READY, copy_templates, locales_of

    known = {**READY, **OWN}
    if not add:
        width = max(map(len, known))
        for name, meaning in known.items():
            print(f"{name:<{width}}  {meaning} ({', '.join(locales_of(name))})")
        print("\nCopy one into a workspace with: upsell templates add NAME --workspace DIR")
        return
    word, *names = add
    if word != "add" or not names:
        got = " ".join(add)
        msg = f"expected: upsell templates add NAME..., got {got}; without words they are listed"
        raise ConfigError(msg)
    for name in names:
        if name not in known:
            near = nearest(name, known)
            hint = f"did you mean {near}?" if near else f"known: {', '.join(known)}"
            msg = f"expected a ready template, got {name}; {hint}"
            raise ConfigError(msg)
    for path in copy_templates(workspace, names, locale):
        print(path)
    print("\nThey are yours now. Their links go to app.example.com: put in your own, then upsell check.")

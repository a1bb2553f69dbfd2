"""Recipes: ready sources that come with the program, each a file of the form a team writes itself."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from upsell.errors import ConfigError, nearest

_FOLDER = "ready"


@cache
def recipe_names() -> tuple[str, ...]:
    """Give the names of all recipes, in the order of the alphabet."""
    names = (each.name for each in files("upsell.sources").joinpath(_FOLDER).iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def recipe_text(name: str) -> str:
    """Give the text of a recipe.

    Raises:
        ConfigError: There is none of that name.
    """
    if name not in recipe_names():
        near = nearest(name, recipe_names())
        advice = f"did you mean {near}?" if near else f"known are {', '.join(recipe_names())}"
        msg = f"expected the name of a recipe, got {name}; {advice}"
        raise ConfigError(msg)
    return files("upsell.sources").joinpath(_FOLDER, f"{name}.yaml").read_text("utf-8")


def recipe_summary(name: str) -> str:
    """Give what a recipe is, as its first line says."""
    return recipe_text(name).partition("\n")[0].lstrip("# ").strip()

"""Costless: what pages tell, without what serving costs, for whoever may not see margins.

The laws: of an event's terms only the cost is left out, and every other text stays as it is, to the byte; and
where something is left out that people would look for, words say so.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from upsell.decisions.terms import Terms
from upsell.journeys.explain import leave_out
from upsell.runtime.change_book import Looked
from upsell.runtime.change_reach import Reach
from upsell.runtime.differences import FileDifference, Line, Sign
from upsell.runtime.explaining import Answer
from upsell.store.orders import Order
from upsell.store.tasks import Task
from upsell.workspace.documents import CATALOG, Documents, meant_file

_SAYS_COST: Final = re.compile(r"""\bcost["']?\s*:""")
_HIDDEN: Final = "# this line says a cost: it is shown to whoever may see margins"

COST: Final = "cost"
"""What a cost is called among what was seen, and in a catalog."""

_COSTS: Final = ("cost", "cost_currency")
_decode = msgspec.json.Decoder(dict[str, Any]).decode


def costless(properties: str) -> str:
    """Give properties, as JSON, without the cost of the terms among them."""
    # Nearly none has any: what names no cost is not read.
    if '"cost' not in properties:
        return properties
    said = _decode(properties)
    terms = said.get("terms")
    if not isinstance(terms, dict) or not any(name in terms for name in _COSTS):
        return properties
    said["terms"] = {name: value for name, value in terms.items() if name not in _COSTS}
    return msgspec.json.encode(said).decode()


def costless_terms(terms: Terms | None) -> Terms | None:
    """Give terms without their cost."""
    return None if terms is None else msgspec.structs.replace(terms, cost=None, cost_currency="")


def costless_order(order: Order) -> Order:
    """Give an order without the cost of its terms."""
    terms = msgspec.structs.replace(order.terms, cost=None, cost_currency="")
    return msgspec.structs.replace(order, terms=terms)


def costless_task(task: Task) -> Task:
    """Give a task without the cost of its terms."""
    return msgspec.structs.replace(task, terms=costless_terms(task.terms))


def costless_answer(answer: Answer) -> Answer:
    """Give why and why not without costs that a gate saw."""
    told = tuple(leave_out(each, COST) for each in answer.explanations)
    return msgspec.structs.replace(answer, explanations=told)


def costless_change(looked: Looked) -> Looked:
    """Give a change without the lines of its catalog, and without costs among the prices that change."""
    return msgspec.structs.replace(
        looked,
        differences=tuple(map(_without_lines, looked.differences)),
        reach=None if looked.reach is None else _without_prices(looked.reach),
    )


def costless_text(text: str) -> str:
    """Give a part of a catalog without the lines that say a cost: a whole catalog may stand on one line."""
    return "\n".join(_HIDDEN if _SAYS_COST.search(line) else line for line in text.split("\n"))


def costless_documents(documents: Documents) -> Documents:
    """Give documents without the catalog, which says what things cost."""
    return {name: text for name, text in documents.items() if not says_costs(name)}


def says_costs(name: str) -> bool:
    """Tell whether a document is the catalog, if only by a slip of its name."""
    return "/" not in name and meant_file(name) == CATALOG


def _without_lines(file: FileDifference) -> FileDifference:
    if not says_costs(file.name):
        return file
    said = Line(Sign.SKIPPED, "its lines say what things cost: they are shown to whoever may see margins")
    return msgspec.structs.replace(file, lines=(said,), left_out=0)


def _without_prices(reach: Reach) -> Reach:
    concerned = []
    for each in reach.concerned:
        said = (one if not one.startswith(f"{COST}:") else f"{COST}: another" for one in each.change.said)
        change = msgspec.structs.replace(each.change, said=tuple(said))
        concerned.append(msgspec.structs.replace(each, change=change))
    return msgspec.structs.replace(reach, concerned=tuple(concerned))

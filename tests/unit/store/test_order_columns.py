"""Every statement that gives orders gives all of what an order is, in its order."""

from __future__ import annotations

import re

import pytest

from upsell.store.orders import Order
from upsell.store.queries import query


@pytest.mark.parametrize(
    "name", ["claim_orders", "find_lapsing_orders", "find_order", "find_returns", "list_orders"]
)
def test_orders_are_read_whole(name: str) -> None:
    listed = re.findall(r"(?:select|returning)\s+([a-z_,\s]+)", query(name).decode())
    columns = [tuple(re.split(r"[,\s]+", part.partition("from orders")[0].strip())) for part in listed]
    assert Order.__struct_fields__ in columns

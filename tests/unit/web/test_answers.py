"""What goes wrong on the way is written down without what an address may let somebody do."""

from __future__ import annotations

from typing import Any, cast

import structlog
from litestar import Request

from upsell.web.api.answers import answer_exception


def test_a_fault_is_logged_by_its_route_and_never_by_its_address() -> None:
    scope = {"type": "http", "method": "GET", "path": "/o/secret-token", "path_template": "/o/{token:str}"}
    request: Request[Any, Any, Any] = Request(cast(Any, scope))
    with structlog.testing.capture_logs() as logs:
        assert answer_exception(request, RuntimeError("it broke")).status_code == 500
    (line,) = logs
    assert (line["event"], line["path"]) == ("request_failed", "/o/{token:str}")
    assert "it broke" in line["trace"]
    assert "secret-token" not in repr(line)

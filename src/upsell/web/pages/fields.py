"""Fields: what a form says, whether it came in one line or in parts with files.

The law: what cannot be read says nothing, so that it is not believed; what is too large is refused before it
is read, by the bound of the route it was sent to.
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.exceptions import HTTPException

from upsell.web.pages.customer import read_form

AnyRequest = Request[Any, Any, Any]

_TOO_LARGE = 413


class Sent(msgspec.Struct, frozen=True):
    """A file that came with a form: the path it had where it was chosen, and what is in it."""

    path: str
    content: bytes


async def read_fields(request: AnyRequest) -> dict[str, list[str]]:
    """Read what a form says, by the names of its fields; files say nothing here.

    Raises:
        HTTPException: It is larger than its route takes.
    """
    if not _is_in_parts(request):
        return read_form(await request.body())
    fields: dict[str, list[str]] = {}
    for name, said in await _parts(request):
        if isinstance(said, str):
            fields.setdefault(name, []).append(said)
    return fields


async def read_sent(request: AnyRequest) -> tuple[Sent, ...]:
    """Read the files that came with a form; () without any.

    Raises:
        HTTPException: It is larger than its route takes.
    """
    if not _is_in_parts(request):
        return ()
    found = []
    for _, said in await _parts(request):
        if isinstance(said, UploadFile):
            await said.seek(0)
            found.append(Sent(said.filename, await said.read()))
    return tuple(found)


def _is_in_parts(request: AnyRequest) -> bool:
    return request.content_type[0] == RequestEncodingType.MULTI_PART


async def _parts(request: AnyRequest) -> list[tuple[str, Any]]:
    """Give the parts of a form; the server's own library reads them, and once."""
    try:
        return list((await request.form()).multi_items())
    except HTTPException as error:
        if error.status_code == _TOO_LARGE:
            raise
    except (UnicodeError, LookupError):
        # A part in an encoding that is none.
        pass
    return []

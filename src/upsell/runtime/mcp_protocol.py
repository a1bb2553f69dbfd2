"""The Model Context Protocol, revision 2025-06-18: JSON-RPC 2.0 by lines, for a server that has tools alone.

The laws: a line in is one line out, or none for a notification; what is wrong with a request has its code of
JSON-RPC, and what a tool could not do is said in its result, so that a model reads why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

import upsell
from upsell.errors import UpsellError

VERSION: Final = "2025-06-18"
"""The revision that is spoken; who speaks another is told this one, and may leave."""

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
LONGEST_LINE: Final = 1_000_000


class Tool(msgspec.Struct, frozen=True):
    """One tool.

    Attributes:
        name: Its name.
        description: What it does, for the model that chooses.
        schema: JSON Schema of its arguments.
        call: Does it; gives what is answered, as JSON values.
        is_read_only: Whether it changes nothing.
    """

    name: str
    description: str
    schema: Mapping[str, Any]
    call: Callable[[Mapping[str, Any]], Any]
    is_read_only: bool = True


class _RpcError(Exception):
    """A request that is refused, with its code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def serve(lines: Iterable[bytes], tools: Iterable[Tool], instructions: str) -> Iterator[bytes]:
    """Answer messages as they come, until there are no more."""
    server = _Server({tool.name: tool for tool in tools}, instructions)
    for line in lines:
        if line.strip():
            answer = server.answer(line)
            if answer is not None:
                yield msgspec.json.encode(answer) + b"\n"


class _Server:
    """What a connection knows."""

    def __init__(self, tools: Mapping[str, Tool], instructions: str) -> None:
        self._tools = tools
        self._instructions = instructions

    def answer(self, line: bytes) -> dict[str, Any] | None:
        """Answer one message; None where nothing is to be said."""
        number: Any = None
        try:
            said = _read(line)
            number = said.get("id")
            if not isinstance(number, str | int) or isinstance(number, bool):
                if "id" not in said and isinstance(said.get("method"), str):
                    return None  # a notification
                number = None
                raise _RpcError(INVALID_REQUEST, "expected an id, a text or a whole number")
            if "method" not in said and ("result" in said or "error" in said):
                return None  # an answer, though nothing was asked
            return {"jsonrpc": "2.0", "id": number, "result": self._result(said)}
        except _RpcError as error:
            return _failed(number, error.code, str(error))

    def _result(self, said: Mapping[str, Any]) -> dict[str, Any]:
        method, given = said.get("method"), said.get("params", {})
        if said.get("jsonrpc") != "2.0" or not isinstance(method, str):
            raise _RpcError(INVALID_REQUEST, 'expected "jsonrpc": "2.0" and a method')
        if not isinstance(given, dict):
            raise _RpcError(INVALID_PARAMS, "expected params to be an object")
        match method:
            case "initialize":
                return {
                    "protocolVersion": VERSION,
                    "capabilities": {"tools": {"listChanged": False}},
                    "serverInfo": {"name": "upsell", "version": upsell.__version__},
                    "instructions": self._instructions,
                }
            case "ping":
                return {}
            case "tools/list":
                return {"tools": [_listed(tool) for tool in self._tools.values()]}
            case "tools/call":
                return self._call(given)
            case _:
                known = "initialize, ping, tools/list, tools/call"
                raise _RpcError(METHOD_NOT_FOUND, f"expected one of {known}, got {method[:60]}")

    def _call(self, given: Mapping[str, Any]) -> dict[str, Any]:
        tool, arguments = self._tools.get(str(given.get("name"))), given.get("arguments", {})
        if tool is None:
            known = ", ".join(self._tools)
            raise _RpcError(INVALID_PARAMS, f"expected a tool of {known}, got {str(given.get('name'))[:60]}")
        if not isinstance(arguments, dict):
            raise _RpcError(INVALID_PARAMS, "expected arguments to be an object")
        try:
            told = tool.call(arguments)
        except (UpsellError, msgspec.ValidationError) as error:
            return {"content": [{"type": "text", "text": str(error)}], "isError": True}
        content = msgspec.to_builtins(told)
        text = msgspec.json.encode(content).decode()
        return {"content": [{"type": "text", "text": text}], "structuredContent": content, "isError": False}


def _read(line: bytes) -> dict[str, Any]:
    if len(line) > LONGEST_LINE:
        raise _RpcError(INVALID_REQUEST, f"expected at most {LONGEST_LINE:,} bytes in one message, got more")
    try:
        said = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _RpcError(PARSE_ERROR, f"expected JSON on one line, got: {error}") from error
    if not isinstance(said, dict):
        # Batches were taken out of the protocol in this revision.
        raise _RpcError(INVALID_REQUEST, "expected one object, got another value")
    return said


def _listed(tool: Tool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "inputSchema": tool.schema,
        "annotations": {"readOnlyHint": tool.is_read_only, "openWorldHint": False},
    }


def _failed(number: Any, code: int, message: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}}

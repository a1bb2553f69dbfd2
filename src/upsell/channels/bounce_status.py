"""Bounce status: the enhanced status code of an answer, by which refusals are told apart.

For whoever reads answers of mail servers. Source: RFC 3463.
"""

from __future__ import annotations

import re

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")


def read_status(text: str) -> str:
    """Give the first enhanced status code of an answer, ``5.1.1``; empty where it has none."""
    found = _STATUS.search(text)
    return ".".join(found.groups()) if found else ""

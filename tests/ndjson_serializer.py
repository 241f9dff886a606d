"""Tells schemathesis how a body of lines is written: its data is the text as it is."""

from __future__ import annotations

import schemathesis


@schemathesis.serializer("application/x-ndjson", "text/plain")
def lines(_context: schemathesis.SerializationContext, value: object) -> bytes:
    return str(value).encode("utf-8", "surrogatepass")

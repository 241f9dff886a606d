"""What is wrong in a rule file, as data and in words.

The engine and the linter report code, place and parameters; the words stand in `diagnostics.toml` and
`lint.toml`. This package joins the two (`findings`) and draws the result as plain text, for a terminal
(`drawing`), or for programs (`documents`). It never finds a fault itself and never decides whether a
fault stops a program.
"""

from jobsieve.diagnostics.documents import as_data, as_github, as_sarif
from jobsieve.diagnostics.drawing import as_text, for_terminal, visible
from jobsieve.diagnostics.entries import Entry, explanation, registry
from jobsieve.diagnostics.findings import (
    Diagnostic,
    Place,
    RawDiagnostic,
    Related,
    Severity,
    closest,
    from_raw,
    summary,
)

__all__ = [
    "Diagnostic",
    "Entry",
    "Place",
    "RawDiagnostic",
    "Related",
    "Severity",
    "as_data",
    "as_github",
    "as_sarif",
    "as_text",
    "closest",
    "explanation",
    "for_terminal",
    "from_raw",
    "registry",
    "summary",
    "visible",
]

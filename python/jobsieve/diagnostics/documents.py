"""Findings for programs: plain data, SARIF 2.1.0 for code scanning, annotations for GitHub's workflows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jobsieve.diagnostics.entries import registry

if TYPE_CHECKING:
    from jobsieve.diagnostics.findings import Diagnostic, Place

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_data(diagnostic: Diagnostic) -> dict[str, object]:
    """The diagnostic as plain data with stable keys, for JSON."""
    related = diagnostic.related
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "hint": diagnostic.hint or None,
        **_place_as_data(diagnostic.place),
        "related": None
        if related is None
        else {"message": related.message, **_place_as_data(related.place)},
    }


def _place_as_data(place: Place) -> dict[str, object]:
    return {
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
    }


def as_sarif(diagnostics: Sequence[Diagnostic]) -> dict[str, Any]:
    """A SARIF 2.1.0 log of one run; names of files are taken as paths from the working folder."""
    codes = sorted({each.code for each in diagnostics})
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "jobsieve",
                        "version": version("jobsieve"),
                        "rules": [_sarif_rule(code) for code in codes],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_sarif_result(each, codes.index(each.code)) for each in diagnostics],
            }
        ],
    }


def _sarif_rule(code: str) -> dict[str, Any]:
    entry = registry().get(code)
    if entry is None:
        return {"id": code}
    why = " ".join(entry.explanation.split())
    wrong, right = (f"```\n{example.strip()}\n```" for example in (entry.wrong, entry.right))
    return {
        "id": code,
        "shortDescription": {"text": entry.title},
        "fullDescription": {"text": why},
        "help": {
            "text": f"{why}\n\nWrong:\n{entry.wrong}\nRight:\n{entry.right}",
            "markdown": f"{why}\n\nWrong:\n\n{wrong}\n\nRight:\n\n{right}\n",
        },
    }


def _sarif_result(diagnostic: Diagnostic, rule: int) -> dict[str, Any]:
    result = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": diagnostic.severity,
        "message": {"text": _whole(diagnostic)},
        "locations": [{"physicalLocation": _sarif_place(diagnostic.place)}],
    }
    if diagnostic.related is not None:
        result["relatedLocations"] = [
            {
                "id": 1,
                "message": {"text": diagnostic.related.message},
                "physicalLocation": _sarif_place(diagnostic.related.place),
            }
        ]
    return result


def _sarif_place(place: Place) -> dict[str, Any]:
    path = PurePath(place.file)
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
    return {
        "artifactLocation": {"uri": uri},
        "region": {
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
        },
    }


def as_github(diagnostics: Iterable[Diagnostic]) -> str:
    """Workflow commands, one a line, that GitHub shows beside the lines of a pull request."""
    return "".join(f"{_annotation(each)}\n" for each in diagnostics)


def _annotation(diagnostic: Diagnostic) -> str:
    place = diagnostic.place
    properties = {"file": place.file, "line": place.line, "endLine": place.end_line}
    if place.line == place.end_line:
        # GitHub takes columns on one line only.
        properties |= {"col": place.column, "endColumn": place.end_column}
    properties["title"] = diagnostic.code
    listed = ",".join(
        f"{name}={_escaped(str(value)).replace(':', '%3A').replace(',', '%2C')}"
        for name, value in properties.items()
    )
    return f"::{diagnostic.severity} {listed}::{_escaped(_whole(diagnostic))}"


def _whole(diagnostic: Diagnostic) -> str:
    """Message and advice."""
    return "\n".join(filter(None, (diagnostic.message, diagnostic.hint)))


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

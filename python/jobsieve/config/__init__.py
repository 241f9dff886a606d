"""Settings: what may be set, and what is set, where.

One frozen `Settings` comes from `jobsieve.toml`, then `JOBSIEVE_*` in the environment, then the command
line; the later wins. Every key remembers which of them set it. This module opens no store and starts
nothing: whether a host can be bound or a database reached is found out by those who use it.
"""

from __future__ import annotations

import functools
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import msgspec
from msgspec import inspect

from jobsieve import _core
from jobsieve.config.sections import (
    AnalysisSettings,
    AuthSettings,
    FieldKind,
    LogSettings,
    MetricsSettings,
    ReloadSettings,
    ServerSettings,
    StoreSettings,
    masked,
)
from jobsieve.diagnostics import closest
from jobsieve.errors import ConfigError

__all__ = [
    "AnalysisSettings",
    "AuthSettings",
    "FieldKind",
    "LogSettings",
    "MetricsSettings",
    "ReloadSettings",
    "ServerSettings",
    "Settings",
    "StoreSettings",
    "is_server",
    "keys",
    "load",
    "masked",
]

DEFAULT_FILE = "jobsieve.toml"
FILE_VARIABLE = "JOBSIEVE_CONFIG"

# What is never shown, in no message and no table.
_SECRET = {"auth.classify_tokens", "auth.inspect_tokens"}


class Settings(msgspec.Struct, frozen=True):
    """All settings. `fields` are what adverts may have beside title and description, by name. `origins`
    says for each key that was set, and not left at its default, by what."""

    store: StoreSettings = StoreSettings()
    server: ServerSettings = ServerSettings()
    auth: AuthSettings = AuthSettings()
    metrics: MetricsSettings = MetricsSettings()
    reload: ReloadSettings = ReloadSettings()
    log: LogSettings = LogSettings()
    analysis: AnalysisSettings = AnalysisSettings()
    fields: dict[str, FieldKind] = {}
    origins: dict[str, str] = {}

    def for_rules(self) -> bytes:
        """The sections that the answers of rules depend on, as JSON: a part of a rule set's identity."""
        return msgspec.json.encode({"analysis": self.analysis, "fields": self.fields})

    def origin(self, key: str) -> str:
        """Who set `key` (`server.port`): `default`, a file and line, a variable, or the command line."""
        return self.origins.get(key, "default")

    def rows(self) -> Iterator[tuple[str, object, str, str]]:
        """Key, value, origin and meaning of every setting; passwords masked."""
        for key in keys().values():
            value = getattr(getattr(self, key.section), key.name)
            yield key.dotted, _shown(key, value), self.origin(key.dotted), key.meaning
        for name, kind in self.fields.items():
            field = _field(name)
            yield field.dotted, kind, self.origin(field.dotted), field.meaning


@dataclass(frozen=True, slots=True)
class Key:
    """One setting. `expected` completes the sentence "… must be"."""

    section: str
    name: str
    type: Any
    expected: str
    meaning: str

    @property
    def dotted(self) -> str:
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        return f"JOBSIEVE_{self.section}_{self.name}".upper()


@functools.cache
def keys() -> Mapping[str, Key]:
    """Every setting by its dotted name, in the order of this file; those of `fields` have names of
    their own."""
    found = {}
    for section in msgspec.structs.fields(Settings):
        if section.name in ("fields", "origins"):
            continue
        for field in msgspec.structs.fields(section.type):
            kind = inspect.type_info(field.type)
            if isinstance(kind, inspect.Metadata):
                schema = kind.extra_json_schema or {}
                kind = kind.type
            else:
                schema = {}
            expected = schema.get("title", "")
            if isinstance(kind, inspect.LiteralType):
                expected = "one of " + ", ".join(f'"{value}"' for value in kind.values)
            elif isinstance(kind, inspect.BoolType):
                expected = "true or false"
            key = Key(section.name, field.name, field.type, expected, schema["description"])
            found[key.dotted] = key
    return found


def is_server(url: str) -> bool:
    """Whether a store's URL names a database server, not a file."""
    return "://" in url and not url.startswith("sqlite")


def _field(name: str) -> Key:
    expected = "one of " + ", ".join(f'"{kind}"' for kind in get_args(FieldKind))
    return Key("fields", name, FieldKind, expected, "what adverts give in this field")


def load(
    path: str | os.PathLike[str] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, object] | None = None,
) -> Settings:
    """Reads the settings in force.

    `path` is the file that a flag named; else `JOBSIEVE_CONFIG` names one; else `jobsieve.toml` in the
    working directory is read if it exists. `overrides` are flags by dotted key, None where a flag was
    not given. Raises `ConfigError`, which names the key, the place and what is expected.
    """
    environ = os.environ if environ is None else environ
    given: dict[str, tuple[object, str]] = {}
    given.update(_from_file(path, environ))
    given.update(_from_environment(environ))
    for dotted, value in (overrides or {}).items():
        if value is not None:
            key = _known(dotted, "the command line")
            given[dotted] = _checked(key, value, "the command line"), "command line"

    sections: dict[str, dict[str, object]] = {}
    for dotted, (value, _) in given.items():
        section, _, name = dotted.partition(".")
        sections.setdefault(section, {})[name] = value
    origins = {dotted: origin for dotted, (_, origin) in given.items()}
    settings = msgspec.convert({**sections, "origins": origins}, Settings)
    try:
        _core.check_settings(settings.for_rules())
    except ValueError as error:
        raise ConfigError(str(error)) from None
    return settings


def _from_file(
    path: str | os.PathLike[str] | None, environ: Mapping[str, str]
) -> Iterator[tuple[str, tuple[object, str]]]:
    named = path or environ.get(FILE_VARIABLE)
    file = Path(named or DEFAULT_FILE)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        if not named:
            return
        by = "" if path else f" (named by {FILE_VARIABLE})"
        raise ConfigError(f"there is no settings file {file}{by}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is not UTF-8 text: byte {error.start} can't be read") from None
    except OSError as error:
        raise ConfigError(f"can't read the settings file {file}: {error.strerror}") from None
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not valid TOML: {_lower_first(str(error))}") from None

    sections = {key.section for key in keys().values()} | {"fields"}
    for section, table in tables.items():
        where = _place(file, text, section, None)
        if section not in sections:
            meant = closest(section, sections)
            raise ConfigError(
                f"{where}: there is no section [{section}]; "
                + (
                    f"did you mean [{meant}]?"
                    if meant
                    else f"sections: {', '.join(sorted(sections))}"
                )
            )
        if not isinstance(table, dict):
            raise ConfigError(
                f"{where}: {section} is a section: write [{section}] on a line of its own"
            )
        for name, value in table.items():
            where = _place(file, text, section, name)
            key = _known(f"{section}.{name}", where)
            yield key.dotted, (_checked(key, value, where), where)


# Variables have no small letters; fields that are declared by one do.
_FIELD_VARIABLE = "JOBSIEVE_FIELDS_"
# Kubernetes puts these into every container beside a service called "jobsieve".
_KUBERNETES = re.compile(r"JOBSIEVE_(\w+_)?(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP).*)?)")


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, tuple[object, str]]]:
    by_variable = {key.variable: key for key in keys().values()}
    for variable, value in sorted(environ.items()):
        if not variable.startswith("JOBSIEVE_") or variable == FILE_VARIABLE:
            continue
        key = by_variable.get(variable)
        if variable.startswith(_FIELD_VARIABLE):
            key = _field(variable.removeprefix(_FIELD_VARIABLE).lower())
        if key is None:
            if variable.startswith("JOBSIEVE_TEST_") or _KUBERNETES.fullmatch(variable):
                continue
            meant = closest(variable, by_variable)
            raise ConfigError(
                f"the environment sets {variable}, which is no setting"
                + (f"; did you mean {meant}?" if meant else "")
            )
        # Set to nothing is how compose files and shells leave a variable out.
        if value:
            where = f"environment variable {variable}"
            yield key.dotted, (_checked(key, _structured(key, value), where, strict=False), where)


def _structured(key: Key, text: str) -> object:
    """A list or table from a variable, which has it as the file would."""
    kind = inspect.type_info(key.type)
    kind = kind.type if isinstance(kind, inspect.Metadata) else kind
    if isinstance(kind, (inspect.VarTupleType, inspect.DictType)):
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            return text
    return text


def _known(dotted: str, where: str) -> Key:
    section, _, name = dotted.partition(".")
    key = _field(name) if section == "fields" else keys().get(dotted)
    if key is None:
        meant = closest(dotted, keys())
        raise ConfigError(
            f"{where}: there is no setting {dotted}" + (f"; did you mean {meant}?" if meant else "")
        )
    return key


def _checked(key: Key, value: object, where: str, *, strict: bool = True) -> object:
    try:
        return msgspec.convert(value, key.type, strict=strict)
    except msgspec.ValidationError:
        shown = str(_shown(key, value))
        found = f'"{shown[:80]}"' if isinstance(value, str) else shown[:80]
        if isinstance(value, bool):
            found = found.lower()
        raise ConfigError(f"{where}: {key.dotted} must be {key.expected}, not {found}") from None


def _shown(key: Key, value: object) -> object:
    """A value as people may see it."""
    if key.dotted == "store.url":
        return masked(str(value))
    if key.dotted in _SECRET:
        return "***" if value else ""
    return value


def _place(file: Path, text: str, section: str, name: str | None) -> str:
    """`jobsieve.toml, line 3`; without the line where the file spells the key in an unusual way."""
    here = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if header := re.match(r"\s*\[\s*([^\]\s]+)\s*\]", line):
            here = header[1].strip("\"'")
            if name is None and here == section:
                return f"{file}, line {number}"
        elif assigned := re.match(r"\s*([\w\"'.-]+)\s*=", line):
            parts = [part.strip("\"'") for part in assigned[1].split(".")]
            spelt = [here, *parts] if here else parts
            if spelt[:1] == [section] and (name is None or spelt[1:2] == [name]):
                return f"{file}, line {number}"
    return str(file)


def _lower_first(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]

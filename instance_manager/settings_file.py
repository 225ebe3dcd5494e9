"""From `predator.yaml` and `PREDATOR__…` variables to `Settings`; every error names its place and the remedy."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from engine.errors import ConfigurationError
from instance_manager import modes, placed_yaml
from instance_manager.errors import did_you_mean
from instance_manager.settings import Account, Instance, LocalExchange, Settings, Speech

ENVIRONMENT_PREFIX = "PREDATOR__"
EXCHANGES = " or ".join((", ".join(("local", *get_args(Speech)[:-1])), get_args(Speech)[-1]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the settings came from, to name the place of an error."""

    file: Path
    document: placed_yaml.PlacedYaml
    variables: Mapping[placed_yaml.Path, str]

    def place_of(self, path: placed_yaml.Path) -> str:
        """`predator.yaml line 12: instances.live-1.capital`."""
        name = ".".join(str(part) for part in path)
        for length in range(len(path), 0, -1):
            if path[:length] in self.variables:
                return f"environment variable {self.variables[path[:length]]}: {name}"
        line = self.document.line_of(path)
        return f"{self.file} line {line}: {name}" if line else f"{self.file}: {name}"


def load_settings(file: Path, environ: Mapping[str, str]) -> Settings:
    """The settings in `file`, overridden by `PREDATOR__…` variables. Raises ConfigurationError naming each mistake."""
    document = placed_yaml.parse(_read(file), source=str(file))
    data = copy.deepcopy(document.data)
    variables = _override(data, environ)
    source = Source(file=file, document=document, variables=variables)
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        raise ConfigurationError("\n".join(_explain_all(error, source))) from None
    problems = [*_broken_references(settings, source), *_accounts_twice(settings, source)]
    if problems:
        raise ConfigurationError("\n".join(problems))
    return settings


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(f"{file} does not exist; `predator init` writes a working one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}") from error


# --- environment -----------------------------------------------------------------------------------------------------


def _override(data: dict[str, Any], environ: Mapping[str, str]) -> dict[placed_yaml.Path, str]:
    """Writes each `PREDATOR__A__B` variable into `data`; returns which path came from which variable."""
    variables: dict[placed_yaml.Path, str] = {}
    for name in sorted(environ):
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        path = _set_value(data, name.removeprefix(ENVIRONMENT_PREFIX).split("__"), environ[name], name)
        variables[path] = name
    return variables


def _set_value(data: dict[str, Any], words: list[str], text: str, variable: str) -> placed_yaml.Path:
    """A shell allows no `-` in a name, so `LIVE_1` finds `live-1`."""
    here: dict[str, Any] = data
    path: tuple[str, ...] = ()
    for word in words[:-1]:
        key = _existing_key(here, word)
        path = (*path, key)
        inner = here.setdefault(key, {})
        if not isinstance(inner, dict):
            raise ConfigurationError(f"environment variable {variable}: {'.'.join(path)} has no parts to set")
        here = inner
    last = _existing_key(here, words[-1])
    here[last] = _parse_value(text, variable)
    return (*path, last)


def _existing_key(section: Mapping[str, Any], word: str) -> str:
    wanted = word.lower()
    alike = [key for key in section if str(key).lower().replace("-", "_") == wanted.replace("-", "_")]
    return alike[0] if alike else wanted


def _parse_value(text: str, variable: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise ConfigurationError(f"environment variable {variable}: its value is not valid YAML") from None


# --- explaining ------------------------------------------------------------------------------------------------------


def _explain_all(error: ValidationError, source: Source) -> Iterable[str]:
    for problem in error.errors(include_url=False, include_input=False):
        path = _without_tags(problem["loc"], source)
        yield f"{source.place_of(path)}: {_explain(problem, path)}"


def _without_tags(location: tuple[str | int, ...], source: Source) -> placed_yaml.Path:
    """Pydantic puts an exchange's `kind` and the `[key]` of a bad name into the path; people write neither."""
    if len(location) > 2 and location[0] == "exchanges":
        return (*location[:2], *location[3:])
    return tuple(part for part in location if part != "[key]")


def _explain(problem: Any, path: placed_yaml.Path) -> str:
    kind = problem["type"]
    if kind == "extra_forbidden":
        known = _known_keys(path)
        return f"unknown key{did_you_mean(str(path[-1]), known)}; known: {', '.join(known)}"
    if kind == "string_type":
        return "must be text; put it in quotes"
    if kind == "missing":
        return "is missing; add it"
    if kind == "union_tag_invalid":
        return f"`kind` must be {EXCHANGES}"
    if kind == "union_tag_not_found":
        return f"`kind` is missing: {EXCHANGES}"
    return str(problem["msg"]).removeprefix("Value error, ")


def _known_keys(path: placed_yaml.Path) -> list[str]:
    """The keys that may stand where the last part of `path` stands."""
    types: list[Any] = [Settings]
    for part in path[:-1]:
        types = [inner for outer in types for inner in _inside(outer, part)]
    return sorted({name for model in types if _is_model(model) for name in model.model_fields})


def _inside(outer: Any, part: str | int) -> list[Any]:
    if _is_model(outer):
        field = outer.model_fields.get(str(part))
        return _models_of(field.annotation) if field else []
    return _models_of(get_args(outer)[1]) if get_origin(outer) is dict else []


def _models_of(annotation: Any) -> list[Any]:
    """A union's members one by one; anything else is itself."""
    if get_origin(annotation) in {Union, UnionType}:
        return [inner for member in get_args(annotation) for inner in _models_of(member)]
    if hasattr(annotation, "__metadata__"):
        return _models_of(get_args(annotation)[0])
    return [annotation]


def _is_model(candidate: Any) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)


# --- references ------------------------------------------------------------------------------------------------------


def _broken_references(settings: Settings, source: Source) -> Iterable[str]:
    """Names that point at nothing: an account's exchange, an instance's account."""
    for name, account in settings.accounts.items():
        yield from _broken_account(name, account, settings, source)
    for name, instance in settings.instances.items():
        yield from _broken_instance(name, instance, settings, source)


def _broken_account(name: str, account: Account, settings: Settings, source: Source) -> Iterable[str]:
    if account.exchange not in settings.exchanges:
        yield _points_at_nothing(("accounts", name, "exchange"), account.exchange, settings.exchanges, source)


def _broken_instance(name: str, instance: Instance, settings: Settings, source: Source) -> Iterable[str]:
    if instance.account is None:
        if modes.needs_account(instance.mode):
            yield f"{source.place_of(('instances', name))}: mode {instance.mode} needs an `account`"
        elif instance.exchange not in settings.exchanges:
            yield _points_at_nothing(("instances", name, "exchange"), instance.exchange, settings.exchanges, source)
    elif instance.account not in settings.accounts:
        yield _points_at_nothing(("instances", name, "account"), instance.account, settings.accounts, source)


def _points_at_nothing(path: placed_yaml.Path, word: str, known: Iterable[str], source: Source) -> str:
    names = sorted(known)
    finding = f"{word!r} is not under `{path[-1]}s`{did_you_mean(word, names)}"
    return f"{source.place_of(path)}: {finding}; known: {', '.join(names) or 'none'}"


# --- one account under two names -------------------------------------------------------------------------------------


def _accounts_twice(settings: Settings, source: Source) -> Iterable[str]:
    """Leases, budget and balances go by the account's name: under a second one nobody sees what the first does."""
    seen: dict[tuple[str, str, str], placed_yaml.Path] = {}
    for name, account in settings.accounts.items():
        for place, field, value in _identities(account, settings):
            path = ("accounts", name, field)
            first = seen.setdefault((place, field, value), path)
            if first != path:
                yield f"{source.place_of(path)}: {_same_account(value, first, source)}"


def _identities(account: Account, settings: Settings) -> Iterable[tuple[str, str, str]]:
    """(where, the key's name, its value) of what tells two accounts apart there."""
    exchange = settings.exchanges.get(account.exchange)
    if exchange is None:
        return
    if not isinstance(exchange, LocalExchange):
        yield exchange.kind, "key_env", account.key_env
        return
    yield f"local {exchange.port}", "key_env", account.key_env
    yield f"local {exchange.port}", "local_account", str(account.local_account)


def _same_account(value: str, first: placed_yaml.Path, source: Source) -> str:
    return (
        f"{value} is that of account {first[1]!r} too ({source.place_of(first)}), so both are one account. "
        f"Leave one and let the instances name it (`account: {first[1]}`), or give each a {first[2]} of its own"
    )

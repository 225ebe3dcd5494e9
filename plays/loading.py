"""Plays from files: YAML in, a `Play` out, or a `PlayError` that names file, line and column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from plays.conditions import Expression, parse
from plays.errors import ConditionError, PlayError, did_you_mean
from plays.rules import Compiler
from plays.schema import Parameter, Play, Protection, Sections, Sides, SizingSection, all_of
from plays.score import Required

KEYS: Mapping[str, type[BaseModel]] = {
    "entry": Sides, "exit": Sides, "sections": Sections, "sizing": SizingSection, "protection": Protection,
    "parameters": Parameter, "required": Required,
}  # fmt: skip
MOST_BYTES = 1_000_000


def load_play(path: str | Path) -> Play:
    """The play in the file at `path`. Raises PlayError when it cannot be read or is not one."""
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise PlayError(f"cannot read the play: {error.strerror}", source=str(file)) from error
    except UnicodeDecodeError as error:
        raise PlayError("the play is not UTF-8 text", source=str(file)) from error
    return parse_play(text, str(file))


def parse_play(text: str, source: str = "play") -> Play:
    """The play written in `text`. Raises PlayError; `source` is what it names as the place."""
    document = _Document(text, source)
    try:
        play = Play.model_validate(document.data)
    except ValidationError as error:
        raise document.error_of(error) from error
    _compile(play, document)
    return play


def library_plays() -> dict[str, Path]:
    """The plays that ship, by name."""
    return plays_in(Path(str(resources.files("plays"))) / "library")


def plays_in(folder: Path) -> dict[str, Path]:
    """The play files of a folder, by file name without the ending."""
    files = [*folder.glob("*.yml"), *folder.glob("*.yaml")] if folder.is_dir() else []
    return {file.stem: file for file in sorted(files)}


def find_play(name_or_path: str, extra_folders: Iterable[str | Path] = ()) -> Path:
    """The file of a play: a path as it is, or a name looked up in `extra_folders`, then in the library.

    Raises PlayError, with near matches, when there is none.
    """
    path = Path(name_or_path)
    if path.suffix in (".yml", ".yaml"):
        if path.is_file():
            return path
        raise PlayError("no such file", source=str(path))
    known = library_plays()
    for folder in reversed(list(extra_folders)):
        known |= plays_in(Path(folder))
    if name_or_path in known:
        return known[name_or_path]
    hint = did_you_mean(name_or_path, known) or f"known are {', '.join(sorted(known))}"
    raise PlayError(f"there is no play named {name_or_path!r}", hint=hint)


def _compile(play: Play, document: _Document) -> None:
    """Compiles every condition by itself, so that an error can be given its place."""
    for name, text in play.indicators.items():
        document.checked(lambda text=text: parse(text), ("indicators", name))
    _check_names(play, document)
    compiler = Compiler(play.timeframe, play.names)
    for name, texts in play.conditions.items():
        place = tuple(name.split("."))
        for position, text in enumerate(texts):
            document.checked(lambda text=text: compiler.rule(parse(text)), (*place, position))
        document.checked(lambda texts=texts: compiler.rule(all_of([parse(text) for text in texts])), place)


def _check_names(play: Play, document: _Document) -> None:
    """An indicator may use the parameters and the indicators above it; every one must compile, used or not."""
    above: dict[str, Expression] = {name: play.names[name] for name in play.parameters}
    for name, text in play.indicators.items():
        if name in above:
            raise document.error(f"{name!r} is already a parameter", ("indicators", name))
        tree = parse(text)
        compiler = Compiler(play.timeframe, dict(above))
        document.checked(lambda tree=tree, compiler=compiler: compiler.check_definition(tree), ("indicators", name))
        above[name] = tree


class _Document:
    """A YAML text: its data, and where each part of it stands."""

    def __init__(self, text: str, source: str) -> None:
        self._source = source
        self._marks: dict[tuple[Any, ...], yaml.Node] = {}
        if len(text) > MOST_BYTES:
            raise PlayError(f"a play of {len(text)} characters is not a play", source=source)
        loader = yaml.SafeLoader(text)
        try:
            root = loader.get_single_node()
            self._mark(root, ())
            self.data: Any = loader.construct_document(root) if root is not None else None
        except yaml.MarkedYAMLError as error:
            raise self._broken(error) from error
        except yaml.YAMLError as error:
            raise PlayError(f"not YAML: {error}", source=source) from error
        finally:
            loader.dispose()
        if not isinstance(self.data, dict):
            raise PlayError("a play is a mapping with name, why, symbol, entry, ...", source=source, line=1, column=1)

    def _broken(self, error: yaml.MarkedYAMLError) -> PlayError:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        return PlayError(f"not YAML: {error.problem or error.context}", source=self._source, line=line, column=column)

    def _mark(self, node: yaml.Node | None, place: tuple[Any, ...]) -> None:
        if node is None or place in self._marks:
            return
        self._marks[place] = node
        if isinstance(node, yaml.SequenceNode):
            for position, item in enumerate(node.value):
                self._mark(item, (*place, position))
        elif isinstance(node, yaml.MappingNode):
            self._mark_pairs(node, place)

    def _mark_pairs(self, node: yaml.MappingNode, place: tuple[Any, ...]) -> None:
        for key, value in node.value:
            if (*place, key.value) in self._marks:
                raise PlayError(
                    f"{key.value!r} is given twice", source=self._source, line=key.start_mark.line + 1,
                    column=key.start_mark.column + 1,
                )  # fmt: skip
            self._mark(value, (*place, key.value))
            self._marks[(*place, key.value, "key")] = key

    # --- errors with their place ---

    def error(
        self, reason: str, place: tuple[Any, ...], *, hint: str = "", at_key: bool = False, within: int = 0
    ) -> PlayError:
        """`within` is a column of the text at `place`, from 1."""
        node = self._node(place, at_key)
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        if within and isinstance(node, yaml.ScalarNode) and node.start_mark.line == node.end_mark.line:
            column += within - 1 + (node.style in ("'", '"'))
        elif within and isinstance(node, yaml.ScalarNode):
            reason += f", near {node.value[max(0, within - 1) :][:20].strip()!r}"
        return PlayError(reason, source=self._source, line=line, column=column, hint=hint)

    def _node(self, place: tuple[Any, ...], at_key: bool) -> yaml.Node:
        if at_key and (*place, "key") in self._marks:
            return self._marks[(*place, "key")]
        while place and tuple(map(str, place)) not in self._readable:
            place = place[:-1]
        return self._readable.get(tuple(map(str, place)), self._marks[()])

    @property
    def _readable(self) -> dict[tuple[str, ...], yaml.Node]:
        return {tuple(map(str, place)): node for place, node in self._marks.items()}

    def checked(self, action: Any, place: tuple[Any, ...]) -> None:
        """Runs `action`; its ConditionError becomes a PlayError at `place`."""
        try:
            action()
        except ConditionError as error:
            raise self.error(error.reason, place, hint=error.hint, within=error.column) from error

    def error_of(self, error: ValidationError) -> PlayError:
        """The first thing wrong with the play's form."""
        first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        at_key = "[key]" in first["loc"]
        place = tuple(part for part in first["loc"] if part not in ("float", "Parameter", "[key]"))
        if first["type"] == "extra_forbidden":
            known = KEYS.get(str(place[0]), Play).model_fields if len(place) > 1 else Play.model_fields
            hint = did_you_mean(str(place[-1]), known) or f"known are {', '.join(known)}"
            return self.error(f"unknown key {place[-1]!r}", place, hint=hint, at_key=True)
        if first["type"] == "missing":
            return self.error(f"{'.'.join(map(str, place))} is missing", place[:-1])
        reason = first["msg"].removeprefix("Value error, ")
        return self.error(f"{'.'.join(map(str, place))}: {reason}" if place else reason, place, at_key=at_key)

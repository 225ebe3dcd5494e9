"""Plays from files: YAML in, a `Play` out, or a `PlayError` that names file, line and column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from importlib import resources
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from plays.conditions import KEYWORDS, Expression, parse
from plays.document import Document, Place
from plays.errors import ConditionError, PlayError, did_you_mean
from plays.extent import Extent, extent_of
from plays.indicators import CANDLE_FIELDS
from plays.misfits import error_in
from plays.rules import Compiler
from plays.schema import Play, all_of

Found = TypeVar("Found")
MOST_BYTES = 1_000_000
# names no condition could ever mean
TAKEN = (*CANDLE_FIELDS, *KEYWORDS)
# two years of minutes
MOST_WARM_UP_BARS = 1_000_000
MOST_CONDITIONS = 50


def load_play(path: str | Path) -> Play:
    """The play in the file at `path`. Raises PlayError when it cannot be read or is not one."""
    file = Path(path)
    try:
        with file.open("rb") as opened:
            text = opened.read(MOST_BYTES + 1).decode()
    except OSError as error:
        raise PlayError(f"cannot read the play: {error.strerror}", source=str(file)) from error
    except UnicodeDecodeError as error:
        raise PlayError("the play is not UTF-8 text", source=str(file)) from error
    return parse_play(text, str(file))


def parse_play(text: str, source: str = "play") -> Play:
    """The play written in `text`. Raises PlayError; `source` is what it names as the place."""
    document = Document(text, source)
    try:
        play = Play.model_validate(document.data)
    except ValidationError as error:
        raise error_in(document, error) from error
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


def _compile(play: Play, document: Document) -> None:
    """Compiles every condition by itself, so that an error can be given its place."""
    for name, text in play.indicators.items():
        _checked(document, ("indicators", name), partial(parse, text))
    extents = _checked_names(play, document)
    compiler = Compiler(play.timeframe, play.names)
    for name, texts in play.conditions.items():
        _compile_rule(tuple(name.split(".")), texts, extents, compiler, document)
    for name, text in play.numbers.items():
        place = tuple(name.split("."))
        tree = _checked(document, place, partial(parse, text))
        _checked(document, place, partial(extent_of, tree, extents))
        _checked(document, place, partial(compiler.number, tree))
    if play.warmup_bars > MOST_WARM_UP_BARS:
        raise document.error(
            f"this play warms up {play.warmup_bars} bars of {play.timeframe}", ("timeframe",),
            hint=f"at most {MOST_WARM_UP_BARS}: shorter periods, or a larger timeframe",
        )  # fmt: skip


def _compile_rule(
    place: Place, texts: Sequence[str], extents: Mapping[str, Extent], compiler: Compiler, document: Document
) -> None:
    if len(texts) > MOST_CONDITIONS:
        raise document.error(f"{len(texts)} conditions for one rule", place, hint=f"at most {MOST_CONDITIONS}")
    for position, text in enumerate(texts):
        tree = _checked(document, (*place, position), partial(parse, text))
        _checked(document, (*place, position), partial(extent_of, tree, extents))
        _checked(document, (*place, position), partial(compiler.rule, tree))
    whole = all_of([parse(text) for text in texts])
    _checked(document, place, partial(extent_of, whole, extents))
    _checked(document, place, partial(compiler.rule, whole))


def _checked_names(play: Play, document: Document) -> Mapping[str, Extent]:
    """How large each name is. It may use parameters and indicators above it; every one must compile, used or not."""
    for group, names in (("parameters", play.parameters), ("indicators", play.indicators)):
        for name in names:
            if name in TAKEN:
                raise document.error(f"{name!r} has a meaning already", (group, name), hint="another name", at_key=True)
    above: dict[str, Expression] = {name: play.names[name] for name in play.parameters}
    extents = {name: Extent() for name in above}
    for name, text in play.indicators.items():
        if name in above:
            raise document.error(f"{name!r} is already a parameter", ("indicators", name))
        tree = parse(text)
        compiler = Compiler(play.timeframe, dict(above), below=play.indicators)
        extents[name] = _checked(document, ("indicators", name), partial(extent_of, tree, extents))
        _checked(document, ("indicators", name), partial(compiler.check_definition, tree))
        above[name] = tree
    return extents


def _checked(document: Document, place: Place, action: Callable[[], Found]) -> Found:
    """What `action` gives; its ConditionError becomes a PlayError at `place`."""
    try:
        return action()
    except ConditionError as error:
        raise document.error(error.reason, place, hint=error.hint, within=error.column) from error

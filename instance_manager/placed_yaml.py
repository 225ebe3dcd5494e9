"""YAML that remembers its lines, so that an error in a value can name the line it stands on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from engine.errors import ConfigurationError

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedYaml:
    """The plain data of a YAML document, and the line on which each key or list item stands."""

    data: dict[str, Any]
    lines: dict[Path, int] = field(default_factory=dict)

    def line_of(self, path: Path) -> int | None:
        """The line of `path`, or of the nearest thing around it; None for an empty document."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None


def parse(text: str, *, source: str) -> PlacedYaml:
    """`text` as data with lines. Raises ConfigurationError naming `source` and the line when it is no mapping."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigurationError(_explain(error, source)) from error
    if root is None:
        return PlacedYaml(data={})
    if not isinstance(data, dict):
        raise ConfigurationError(f"{source} line 1: expected `name: value` pairs, found {type(data).__name__}")
    lines: dict[Path, int] = {}
    _place(root, (), lines, source)
    return PlacedYaml(data=data, lines=lines)


def _place(node: yaml.Node, path: Path, lines: dict[Path, int], source: str) -> None:
    if isinstance(node, yaml.MappingNode):
        _place_mapping(node, path, lines, source)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[(*path, index)] = item.start_mark.line + 1
            _place(item, (*path, index), lines, source)


def _place_mapping(node: yaml.MappingNode, path: Path, lines: dict[Path, int], source: str) -> None:
    for key, value in node.value:
        here = (*path, str(key.value))
        line = key.start_mark.line + 1
        if here in lines:
            raise ConfigurationError(f"{source} line {line}: {key.value!r} stands here a second time; keep one")
        lines[here] = line
        _place(value, here, lines, source)


def _explain(error: yaml.YAMLError, source: str) -> str:
    """PyYAML's finding in one line."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    if mark is None:
        return f"{source}: not valid YAML: {problem}"
    return f"{source} line {mark.line + 1} column {mark.column + 1}: not valid YAML: {problem}"

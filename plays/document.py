"""A play's text as plain data, and where each part of it stands. Any text is read in little time or refused.

Aliases, merged keys and tags are refused: with them a short text is a huge or endless document. So are numbers that
YAML 1.1 reads otherwise than people do (1:30 is 90, 010 is 8).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from plays.errors import PlayError

MOST_CHARACTERS = 1_000_000
DEEPEST = 20
Place = tuple[Any, ...]
REMEDIES: Mapping[str, str] = {
    r"'\\t'": "indent with spaces",
    r"'[%@`]'": "put the text in quotes",
    "another document": "one play a file",
    "could not determine a constructor": "write plain values, without '!'",
}
TRAPS = re.compile(r"[-+]?(0[0-9_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?)")


class Document:
    """A YAML text: its data, and where each part of it stands. Raises PlayError for what is no mapping in YAML."""

    def __init__(self, text: str, source: str) -> None:
        self._source = source
        self._marks: dict[Place, yaml.Node] = {}
        if len(text) > MOST_CHARACTERS:
            raise PlayError(f"a play of {len(text)} characters is not a play", source=source)
        try:
            self.data = self._read(text)
        except yaml.reader.ReaderError as error:
            raise self._unreadable(text, error) from error
        except yaml.MarkedYAMLError as error:
            raise self._broken(error) from error
        if not isinstance(self.data, dict):
            raise PlayError("a play is a mapping with name, why, symbol, entry, ...", source=source, line=1, column=1)

    def error(self, reason: str, place: Place, *, hint: str = "", at_key: bool = False, within: int = 0) -> PlayError:
        """`within` is a column of the text at `place`, from 1."""
        node = self._node(place, at_key)
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        if within and isinstance(node, yaml.ScalarNode) and node.start_mark.line == node.end_mark.line:
            column += within - 1 + (node.style in ("'", '"'))
        elif within and isinstance(node, yaml.ScalarNode):
            reason += f", near {node.value[max(0, within - 1) :][:20].strip()!r}"
        return PlayError(reason, source=self._source, line=line, column=column, hint=hint)

    def holds_mapping(self, place: Place) -> bool:
        """Is there a mapping at `place`?"""
        return isinstance(self._node(place, at_key=False), yaml.MappingNode)

    # --- reading ---

    def _read(self, text: str) -> Any:
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
            self._mark(root, ())
            return loader.construct_document(root) if root is not None else None
        finally:
            loader.dispose()

    def _mark(self, node: yaml.Node | None, place: Place) -> None:
        if node is None:
            return
        self._marks[place] = node
        if isinstance(node, yaml.SequenceNode):
            for position, item in enumerate(node.value):
                self._mark(item, (*place, position))
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                self._mark_pair(key, value, place)

    def _mark_pair(self, key: yaml.Node, value: yaml.Node, place: Place) -> None:
        if not isinstance(key, yaml.ScalarNode):
            raise self._at(key, "a key must be a single word")
        if key.tag.endswith(":merge"):
            raise self._at(key, "'<<' merges nothing in a play: write the keys out")
        if (*place, key.value) in self._marks:
            raise self._at(key, f"{key.value!r} is given twice")
        self._mark(value, (*place, key.value))
        self._marks[(*place, key.value, "key")] = key

    # --- errors with their place ---

    def _at(self, node: yaml.Node, reason: str) -> PlayError:
        mark = node.start_mark
        return PlayError(reason, source=self._source, line=mark.line + 1, column=mark.column + 1)

    def _unreadable(self, text: str, error: yaml.reader.ReaderError) -> PlayError:
        before = text[: error.position]
        return PlayError(
            f"the character U+{ord(text[error.position]):04X} cannot stand in a play", source=self._source,
            line=before.count("\n") + 1, column=error.position - before.rfind("\n"), hint="remove it",
        )  # fmt: skip

    def _broken(self, error: yaml.MarkedYAMLError) -> PlayError:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        problem = str(error.problem or error.context)
        hint = next((remedy for pattern, remedy in REMEDIES.items() if re.search(pattern, problem)), "")
        return PlayError(f"not YAML: {problem}", source=self._source, line=line, column=column, hint=hint)

    def _node(self, place: Place, at_key: bool) -> yaml.Node:
        key = (*place[:-1], str(place[-1]), "key") if at_key else ()
        if key in self._marks and at_key:
            return self._marks[key]
        readable = {tuple(map(str, place)): node for place, node in self._marks.items()}
        while place and tuple(map(str, place)) not in readable:
            place = place[:-1]
        return readable.get(tuple(map(str, place)), self._marks[()])


class _Loader(yaml.SafeLoader):
    """YAML without what makes a short text a huge one, or a number another than it looks."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise _refusal("a play has no aliases: write it out, or give it a name under indicators", event.start_mark)
        self._depth += 1
        if self._depth > DEEPEST:
            raise _refusal(f"more than {DEEPEST} levels inside each other", event.start_mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if isinstance(node, yaml.ScalarNode) and node.style is None and TRAPS.fullmatch(node.value):
            raise _refusal(f"{node.value!r} is read by YAML as another number: write it plainly", node.start_mark)
        try:
            return super().construct_object(node, deep)
        except (ValueError, OverflowError) as error:
            raise _refusal(f"no value: {str(error).partition(';')[0]}", node.start_mark) from error


def _refusal(problem: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)

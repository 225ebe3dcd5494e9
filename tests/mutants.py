"""Mutants: each comparison, constant answer and table entry of the money rules turned round, one at a time.

    python -m tests.mutants              gate, lifecycle, risk gate, alarms, breaker, pace
    python -m tests.mutants engine.plan  another module of the table below

For each it says which test kills it. A survivor is a rule that no test needs: write that test, or explain it in
`EXPLAINED`. Each mutant lives in a forked process; the files are never touched.
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import importlib.util
import io
import os
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TESTS_OF = {
    "engine.safety.gate": ["tests/engine/safety/test_gate.py"],
    "engine.safety.breaker": ["tests/engine/safety/test_gate.py"],
    "engine.order": ["tests/engine/test_order.py", "tests/engine/test_book.py"],
    "engine.safety.risk": ["tests/engine/safety/test_risk.py"],
    "engine.safety.objection": ["tests/engine/safety/test_risk.py"],
    "engine.safety.alarms": ["tests/engine/safety/test_alarms.py", "tests/engine/safety/test_strain.py"],
    "engine.safety.strain": ["tests/engine/safety/test_strain.py"],
    "engine.safety.pace": ["tests/engine/safety/test_alarms.py"],
    "engine.plan": ["tests/engine/test_plan.py"],
    "engine.book.orders": ["tests/engine/test_book.py", "tests/engine/test_ledger.py"],
    "engine.book.fills": ["tests/engine/test_book.py", "tests/engine/test_ledger.py"],
    "engine.book.open_trade": ["tests/engine/test_book.py", "tests/engine/test_ledger.py"],
    "engine.book.standing": ["tests/engine/test_book.py", "tests/engine/test_ledger.py"],
}
USUAL = (
    "engine.safety.gate",
    "engine.safety.breaker",
    "engine.order",
    "engine.safety.risk",
    "engine.safety.objection",
    "engine.safety.alarms",
    "engine.safety.strain",
    "engine.safety.pace",
)
FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
EXPLAINED: dict[str, str] = {
    "engine.book.fills held * fill.sign < 0 -> held * fill.sign <= 0": "flat: no execution is as small as nothing",
    "engine.order False -> True": "the default of is_reduce_only; every maker of orders names it, as the gate demands",
    "engine.safety.risk False -> True": "a default: a refusal always names it, an approval is not asked",
    "engine.safety.risk order.side.sign * held >= 0 -> order.side.sign * held > 0": "flat: the quantity objects too",
}


def mutants_of(source: str) -> Iterator[tuple[str, ast.Module]]:
    """(what was changed, the changed program), one change each."""
    for place in range(len(places(ast.parse(source)))):
        tree = ast.parse(source)
        node = places(tree)[place]
        before = ast.unparse(node)
        change(node)
        yield f"line {node.lineno}: {before} -> {ast.unparse(node)}", tree


def places(tree: ast.Module) -> list[ast.expr]:
    options = {
        id(inner) for node in ast.walk(tree) for one in getattr(node, "decorator_list", ()) for inner in ast.walk(one)
    }
    found = (node for node in ast.walk(tree) if isinstance(node, ast.expr) and id(node) not in options)
    return [node for node in found if is_place(node)]


def is_place(node: ast.expr) -> bool:
    if isinstance(node, ast.Compare):
        return len(node.ops) == 1 and type(node.ops[0]) in FLIPPED
    if isinstance(node, ast.Constant):
        return isinstance(node.value, bool)
    if isinstance(node, ast.Set):
        return len(node.elts) > 1
    return isinstance(node, ast.BoolOp)


def change(node: ast.expr) -> None:
    match node:
        case ast.Compare():
            node.ops = [FLIPPED[type(node.ops[0])]()]
        case ast.Constant():
            node.value = not node.value
        case ast.Set():
            node.elts = node.elts[1:]
        case ast.BoolOp():
            node.op = ast.And() if isinstance(node.op, ast.Or) else ast.Or()


class Loader(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module with a changed program."""

    def __init__(self, name: str, tree: ast.Module, path: Path) -> None:
        self._name, self._tree, self._path = name, tree, path

    def find_spec(self, name: str, path: object = None, target: object = None) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self) if name == self._name else None

    def exec_module(self, module: object) -> None:
        code = compile(ast.fix_missing_locations(self._tree), str(self._path), "exec")
        exec(code, vars(module))


class FirstFailure:
    """A pytest plugin: the name of the test that failed first."""

    name = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.name:
            self.name = report.nodeid.rpartition("::")[2]


def killer_of(module: str, tree: ast.Module, path: Path) -> str:
    """The test that fails with this mutant; empty when it survives."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.write(writing, _judged(module, tree, path).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return told


def _judged(module: str, tree: ast.Module, path: Path) -> str:
    sys.meta_path.insert(0, Loader(module, tree, path))
    seen = FirstFailure()
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        options = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=1", *TESTS_OF[module]]
        result = pytest.main(options, plugins=[seen])
    return "" if result == 0 else seen.name or "it does not even load"


def main(modules: list[str]) -> int:
    os.chdir(ROOT)
    survivors = 0
    for module in modules:
        path = ROOT / (module.replace(".", "/") + ".py")
        for what, tree in mutants_of(path.read_text(encoding="utf-8")):
            killer = killer_of(module, tree, path)
            reason = EXPLAINED.get(f"{module} {what.partition(': ')[2]}", "")
            survivors += not killer and not reason
            sys.stdout.write(f"{module} {what}\n    {killer or 'SURVIVES ' + reason}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{survivors} survivors without an explanation\n")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(USUAL)))

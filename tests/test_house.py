"""The tidy test: what keeps the house a house. Each rule says why it is there and what to do about a breach."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("engine", "plays", "adapters", "actors", "instance_manager", "venue")
LONGEST_FILE = 300
LONGEST_FUNCTION = 60
NO_DEEDS = frozenset(
    {
        *("time", "random", "secrets", "uuid", "os", "io", "socket", "selectors", "threading", "multiprocessing"),
        *("subprocess", "asyncio", "signal", "shutil", "tempfile", "sqlite3", "duckdb", "loguru", "logging", "urllib"),
        *("http", "requests", "aiohttp", "ccxt", "thespian", "zmq", "psutil"),
    }
)
HEAVY = frozenset(
    {
        *("numpy", "numba", "talib", "pyarrow", "duckdb", "sqlite3", "ccxt", "aiohttp", "pydantic", "yaml", "loguru"),
        *("rich", "psutil", "thespian", "zmq", "optuna", "ray"),
    }
)
CLOCK_CALLS = re.compile(r"\b(datetime|date)\.(now|utcnow|today)\(|\bPath\.(cwd|home)\(|\bopen\(")
MACHINE_PATH = re.compile(r"(?<![\w.~$}])/(?:root|home|opt|work|Users)/\w")


def python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def is_machine(path: Path) -> bool:
    """A file that defines `receive(state, message, now_ns)` is a machine; shell and simulator have none."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    arguments = [[one.arg for one in node.args.args] for node in ast.walk(tree) if is_function(node, "receive")]
    return any("state" in names and "now_ns" in names for names in arguments)


def is_function(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == name


def imported_roots(path: Path) -> set[str]:
    roots: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            roots.add(node.module.split(".")[0])
    return roots


def modules() -> dict[str, Path]:
    """Every module of the house by its dotted name."""
    files = python_files(*PACKAGES, "benchmarks")
    return {name_of(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in files}


def imported_modules(path: Path, known: Mapping[str, Path]) -> set[str]:
    """Of ours, wherever the import stands: at the top, inside a function, or for types alone."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (inside & known.keys()) or {node.module}
    return found & known.keys()


def circles(arrows: Mapping[str, set[str]]) -> set[str]:
    """What is left after those that lead to nothing, and then to nothing left, are taken away."""
    left = dict(arrows)
    while ends := [name for name, targets in left.items() if not targets & left.keys() - {name}]:
        for name in ends:
            del left[name]
    return set(left)


MACHINES = [path for path in python_files("actors") if is_machine(path)]
PURE = [*python_files("engine"), *MACHINES]


@pytest.mark.parametrize("path", PURE, ids=name_of)
def test_engine_and_machines_have_no_clock_no_randomness_and_no_deeds(path):
    assert imported_roots(path) & NO_DEEDS == set(), "decide here, act in the shell: return an effect instead"
    assert CLOCK_CALLS.findall(path.read_text(encoding="utf-8")) == []


def test_the_machines_of_an_instance_are_all_found():
    found = {path.stem for path in MACHINES}

    assert {"supervisor", "guard", "data", "strategy", "executor", "reconciler", "notifier"} <= found


@pytest.mark.parametrize("path", python_files("actors"), ids=name_of)
def test_in_actors_plays_and_adapters_enter_by_the_wiring_and_frameworks_by_the_shell(path):
    room = path.relative_to(ROOT / "actors").parts[0]
    foreign = {"wiring": {"thespian", "zmq"}, "shell": {"plays", "adapters"}}
    assert imported_roots(path) & foreign.get(room, {"plays", "adapters", "thespian", "zmq"}) == set()


@pytest.mark.parametrize("path", python_files(*PACKAGES, "tests", "benchmarks"), ids=name_of)
def test_a_file_is_at_most_300_lines(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())

    assert lines <= LONGEST_FILE, "it has two jobs: give each a file"


@pytest.mark.parametrize("path", python_files(*PACKAGES), ids=name_of)
def test_a_function_is_at_most_60_lines(path):
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    long = [one.name for one in functions if (one.end_lineno or 0) - one.lineno + 1 > LONGEST_FUNCTION]

    assert long == []


@pytest.mark.parametrize("path", python_files(*PACKAGES), ids=name_of)
def test_a_file_says_its_job_in_its_first_line(path):
    text = path.read_text(encoding="utf-8")

    assert not text.strip() or ast.get_docstring(ast.parse(text)), "begin with one line that says what this file is for"


def test_no_files_import_each_other():
    """Not even inside a function or for types alone: what both need stands below both of them."""
    known = modules()
    left = circles({name: imported_modules(path, known) - {name} for name, path in known.items()})

    # those that only lead into a circle are no part of it: taken away from the other side
    backwards = {name: {other for other in left if name in imported_modules(known[other], known)} for name in left}
    assert circles(backwards) == set()


def test_a_circle_is_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == {"a", "b", "c"}
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == set()


def imports_inside_functions(path: Path) -> list[str]:
    """Those that say no reason in a comment on their line, and whose reason is not plain: a heavy library."""
    text = path.read_text(encoding="utf-8")
    lines, found = text.splitlines(), []
    for node in ast.walk(ast.parse(text)):
        inner = ast.walk(node) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else ()
        for one in inner:
            if isinstance(one, (ast.Import, ast.ImportFrom)):
                names = [one.module or ""] if isinstance(one, ast.ImportFrom) else [alias.name for alias in one.names]
                is_plain = all(is_heavy(name, path) for name in names)
                is_said = any("#" in line for line in lines[one.lineno - 1 : one.end_lineno])
                found += [] if is_plain or is_said else [f"{name_of(path)}:{one.lineno} {ast.unparse(one)}"]
    return found


def is_heavy(module: str, importer: Path) -> bool:
    """The desk and the wiring load what a command or an actor needs, and only that: there, all of ours is heavy."""
    root = module.split(".", maxsplit=1)[0]
    chooses = name_of(importer).startswith(("instance_manager/", "actors/wiring/"))
    return root in HEAVY or (chooses and root in PACKAGES)


@pytest.mark.parametrize("path", python_files(*PACKAGES), ids=name_of)
def test_an_import_inside_a_function_has_a_reason(path):
    assert imports_inside_functions(path) == [], "put it at the top, or say in a comment why not"


def test_nothing_is_called_utils():
    homeless = re.compile(r"^(utils?|helpers?|misc|common)$")

    assert [name_of(path) for path in python_files(*PACKAGES) if homeless.match(path.stem)] == []


def test_no_file_names_a_path_of_one_machine():
    kinds = ("*.py", "*.md", "*.yml", "*.yaml", "*.cfg", "*.toml", "*.ini", "*.sql")
    files = [
        path
        for folder in (*PACKAGES, "tests", "runbooks", "benchmarks")
        for kind in kinds
        for path in (ROOT / folder).rglob(kind)
    ]
    files += [path for kind in kinds for path in ROOT.glob(kind)] + [ROOT / ".ci" / "run"]

    assert [name_of(path) for path in files if MACHINE_PATH.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("folder", PACKAGES)
def test_data_files_of_packages_have_endings_that_are_packaged(folder):
    packaged = {".py", ".yml", ".yaml", ".sql", ".json", ".typed"}
    files = [path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]

    assert [name_of(path) for path in files if path.suffix not in packaged and path.name != "py.typed"] == []


def test_what_the_desk_reads_at_run_time_is_in_the_package():
    from importlib.resources import files

    assert files("instance_manager").joinpath("default_settings.yaml").is_file()
    assert any(entry.name.endswith(".yml") for entry in files("plays").joinpath("library").iterdir())


def test_test_files_that_lie_in_no_package_have_names_of_their_own():
    """Two of one name are one module to Python, and the whole run ends before it begins: rename one of them."""
    loose = [path for path in sorted((ROOT / "tests").rglob("test_*.py")) if not (path.parent / "__init__.py").exists()]
    names = [path.name for path in loose]

    assert sorted({name for name in names if names.count(name) > 1}) == []

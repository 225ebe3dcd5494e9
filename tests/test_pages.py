"""The pages: README, runbooks and help say what is so. What they tell people to type is understood."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
RUNBOOK_PARTS = ("## See", "## Decide", "## Do", "## Check")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def command_names() -> list[str]:
    from typer.main import get_command

    from instance_manager.cli.main import app

    return sorted(get_command(app).commands)


def leaf_commands():
    """(words, command) of every command that does something, those of groups too."""
    from typer.main import get_command

    from instance_manager.cli.main import app

    waiting = [((), get_command(app))]
    while waiting:
        words, command = waiting.pop()
        inner = getattr(command, "commands", {})
        waiting += [((*words, name), one) for name, one in inner.items()]
        if not inner:
            yield words, command


@pytest.mark.parametrize(("words", "command"), [pytest.param(*one, id=" ".join(one[0])) for one in leaf_commands()])
def test_the_help_of_every_command_ends_with_examples_that_it_understands(words, command):
    examples = re.findall(r"Example: predator (.+)", command.help or "")
    assert examples, "end the docstring with `Example: predator …`"

    for example in examples:
        given = shlex.split(example.partition(" > ")[0])  # without where the shell writes it
        assert tuple(given[: len(words)]) == words
        command.make_context(words[-1], given[len(words) :])  # raises for an option or a value that it does not know


def commands_of(page: Path) -> list[str]:
    """The command lines in its blocks of code; a drawing that says `predator (…)` or `predator run (…)` is none."""
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", page.read_text(encoding="utf-8"), re.S | re.M)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("predator ") and not re.match(r"predator ([a-z-]+ +)?\(", line)]


def test_what_the_pages_tell_people_to_type_is_understood():
    known = dict(leaf_commands())
    for page in [ROOT / "README.md", *sorted((ROOT / "runbooks").rglob("*.md"))]:
        for line in commands_of(page):
            given = shlex.split(re.split(r"\s#|\s&&\s|\s\|\s|\s>\s", line)[0])[1:]
            words = next((tuple(given[:n]) for n in (1, 2) if tuple(given[:n]) in known), None)
            assert words, f"{name_of(page)}: {line}"
            known[words].make_context(words[-1], given[len(words) :])


@pytest.mark.parametrize("command", command_names())
def test_every_command_has_a_runbook_page(command):
    page = ROOT / "runbooks" / f"{command}.md"

    assert page.is_file(), f"write runbooks/{command}.md: see, decide, do, check"
    text = page.read_text(encoding="utf-8")
    assert [part for part in RUNBOOK_PARTS if part not in text] == []


def test_every_exit_code_is_documented():
    from instance_manager.cli.exit_codes import ExitCode

    text = (ROOT / "runbooks" / "exit-codes.md").read_text(encoding="utf-8")

    assert [code.name for code in ExitCode if f"| {code.value} |" not in text] == []


def test_every_link_between_pages_leads_somewhere():
    pages = [*ROOT.glob("*.md"), *(ROOT / "runbooks").rglob("*.md")]
    links = [
        (page, target) for page in pages for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    ]

    assert [f"{name_of(page)} -> {target}" for page, target in links if not (page.parent / target).exists()] == []


def test_the_readme_begins_with_the_commands_that_work():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    first = text.index("python -m pip install . && predator quickstart")
    second = text.index("python -m pip install '.[dev]' && python -m pytest")

    assert text.index("-m venv") < first < second

"""What a machine does to an instance: a full disk, a journal held by another or damaged, a clock set back.

Each on a live instance with a position: nothing is opened, the stop stays at the exchange, the bytes are kept, a person
is told by `predator status` or by the refused start, and when the cause is gone it trades again.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from engine.errors import TradingError
from tests.chaos.truth import reckon
from tests.proofs.stage import ProofStage, wait_for

Seen = tuple[str, bool]  # what was seen, and whether it is as promised
PAGE = 4096
POSITION_S, NOTICED_S, HEALTHY_S, LEFT_S, REST_S = 60.0, 20.0, 60.0, 3.0, 3.0
SET_BACK_S = -3_600
HOLD = "import pathlib, sys; from adapters.journal.sqlite_journal import SqliteJournal as J; "
HOLD += "held = J(pathlib.Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
CLOCK = """import os, sys, time
if "venue" not in sys.orig_argv and "-c" not in sys.orig_argv:
    true_time, true_time_ns = time.time, time.time_ns
    def offset_s():
        try:
            with open(os.environ["SET_BACK_FILE"]) as file:
                return int(file.read() or 0)
        except OSError:
            return 0
    time.time = lambda: true_time() + offset_s()
    time.time_ns = lambda: true_time_ns() + offset_s() * 10**9
"""


def show_stores(folder: Path) -> Iterator[Seen]:
    """The troubles of a journal in turn; after each the instance trades again."""
    stage = ProofStage(folder, "restless")
    try:
        stage.start()
        _wait_for_a_position(stage)
        yield _full_disk(stage)
        for trouble in (_held_by_another, _damaged_wal, _damaged_page):
            yield trouble(stage)
        stage.ask_exchange("POST", "pause", {})
        time.sleep(REST_S)
        found = reckon(stage)
        yield f"after all of it: {found}", not found.violations
    finally:
        stage.tear_down()


def _full_disk(stage: ProofStage) -> Seen:
    """No write may make a file longer (a real refusal by the kernel): what the executor and the data actor see."""
    pids = [stage.cells()[role].pid for role in ("executor", "data")]
    for pid in pids:
        psutil.Process(pid).rlimit(psutil.RLIMIT_FSIZE, (PAGE, resource.RLIM_INFINITY))
    wait_for(lambda: "journal.sqlite" in stage.error(), NOTICED_S, "that status tells")
    said, entries, stops = stage.error(), _entries(stage), _stops(stage)
    time.sleep(LEFT_S)
    nothing_new = (_entries(stage), _stops(stage)) == (entries, stops)
    for pid in pids:
        psutil.Process(pid).rlimit(psutil.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    wait_for(lambda: not stage.unwell() and not stage.error(), HEALTHY_S, "that it goes on by itself")
    same = [stage.cells()[role].pid for role in ("executor", "data")] == pids
    return f"full disk: {said!r}; nobody died: {same}", nothing_new and same


def _held_by_another(stage: ProofStage) -> Seen:
    stage.stop()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(stage.journal_file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        refused = _refusal(stage)
    finally:
        holder.communicate()
    _goes_on(stage)
    return f"held by another: {refused[:200]!r}", f"is being written by process {holder.pid}" in refused


def _damaged_wal(stage: ProofStage) -> Seen:
    stage.stop()
    return _damaged(
        stage, stage.journal_file.with_name(stage.journal_file.name + "-wal"), "was written and is not here"
    )


def _damaged_page(stage: ProofStage) -> Seen:
    from adapters.journal.sqlite_journal import SqliteJournal

    stage.stop()
    SqliteJournal(stage.journal_file).close()  # as its last user does: everything is in the file now
    return _damaged(stage, stage.journal_file, "restore a backup")


def _damaged(stage: ProofStage, file: Path, said: str) -> Seen:
    """Bytes in its middle are changed; refused, and left as they are; then a person puts the right ones back."""
    right = file.read_bytes()
    middle = len(right) // 2 // PAGE * PAGE
    damaged = right[:middle] + os.urandom(PAGE) + right[middle + PAGE :]
    file.write_bytes(damaged)
    refused, told, kept = _refusal(stage), stage.error(), file.read_bytes() == damaged
    file.write_bytes(right)
    _goes_on(stage)
    text = f"{file.name} damaged: {refused[:200]!r}; bytes kept: {kept}"
    return text, kept and said in refused and said in told


def show_clock(folder: Path) -> Iterator[Seen]:
    """The machine's clock goes an hour back, for every process of the instance and not for the exchange."""
    (folder / "site").mkdir(parents=True)
    (folder / "site" / "sitecustomize.py").write_text(CLOCK, encoding="utf-8")
    given = {"PYTHONPATH": f"{folder / 'site'}:{os.environ.get('PYTHONPATH', '')}", "SET_BACK_FILE": f"{folder}/back"}
    with _environment(given):
        stage = ProofStage(folder, "restless")
        try:
            stage.start()
            _wait_for_a_position(stage)
            (folder / "back").write_text(str(SET_BACK_S), encoding="ascii")
            wait_for(lambda: stage.view().breaker == "RED", NOTICED_S, "RED")
            seen, entries = stage.view(), _entries(stage)
            time.sleep(LEFT_S)
            is_read = stage.view().reconciliation == "HEALTHY"
            is_calm = is_read and _entries(stage) == entries
            stage.ask_exchange("POST", "pause", {})
            time.sleep(REST_S)
            found = reckon(stage)
        finally:
            stage.tear_down()
    text = (
        f"clock an hour back: breaker {seen.breaker}: {seen.breaker_cause}; reconciliation HEALTHY: {is_read}; {found}"
    )
    yield text, seen.breaker_cause.startswith("clock") and is_calm and not found.violations


@contextmanager
def _environment(given: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _wait_for_a_position(stage: ProofStage) -> None:
    wait_for(lambda: not stage.unwell() and stage.view().stop_price is not None, POSITION_S, "a position")


def _goes_on(stage: ProofStage) -> None:
    stage.start_again()
    _wait_for_a_position(stage)


def _refusal(stage: ProofStage) -> str:
    try:
        stage.start()
    except TradingError as error:
        return str(error)
    return ""


def _stops(stage: ProofStage) -> list[str]:
    return [one["client_algo_id"] for one in stage.ask_exchange("GET", "accounts/account-1")["open_algo_orders"]]


def _entries(stage: ProofStage) -> int:
    return sum(one["kind"] == "order.received" and "-E" in one["client_order_id"] for one in stage.truth())

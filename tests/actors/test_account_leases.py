"""Instrument leases as a machine: one holder, growing epochs, fail closed."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.leases import SECOND, Leases, State
from actors.shell.memory_file import MemoryFile
from engine.errors import StoreError
from engine.machine import Effect, Record, Send
from engine.messages.account import InstrumentLease, InstrumentReleased, LeasesHeld, StoreUnreadable
from engine.messages.base import Message
from engine.messages.control import (
    InstrumentGranted,
    InstrumentRefused,
    InstrumentWanted,
    JournalRead,
    ReadJournal,
    Woken,
)
from engine.safety.limits import ARRIVES_WITHIN_NS

NOW_NS = 1_700_000_000 * SECOND


class Office:
    """A lease machine with a clock and a file."""

    def __init__(self, path: Path) -> None:
        self.machine = Leases()
        self.file = MemoryFile(path, LeasesHeld)
        self.now_ns = NOW_NS
        self.state, _ = self.machine.start(self.now_ns)
        self.effects: tuple[Effect, ...] = ()
        self.tell(self.file.perform(ReadJournal()))

    def tell(self, message: Message) -> State:
        self.state, self.effects = self.machine.receive(self.state, message, self.now_ns)
        for effect in self.effects:
            if isinstance(effect, Record):
                self.file.append(effect.events, (), None, self.now_ns)
        return self.state

    def wait(self, ns: int) -> None:
        """Time passes second by second, as the machine's own tick sees it."""
        until_ns = self.now_ns + ns
        while self.now_ns < until_ns:
            self.now_ns = min(self.now_ns + SECOND, until_ns)
            self.tell(Woken(label="tick"))

    def ask(self, instance: str, epoch: int = 0) -> InstrumentGranted | InstrumentRefused:
        self.tell(InstrumentWanted(instance=instance, account="main", symbol="BTC", reply_to="executor", epoch=epoch))
        answer = [effect.message for effect in self.effects if isinstance(effect, Send)][-1]
        assert isinstance(answer, InstrumentGranted | InstrumentRefused)
        return answer

    def granted(self, instance: str, epoch: int = 0) -> int:
        answer = self.ask(instance, epoch)
        assert isinstance(answer, InstrumentGranted), answer
        return answer.epoch


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "leases.json"


def test_of_two_who_want_one_instrument_the_second_is_refused(file: Path) -> None:
    office = Office(file)
    office.granted("live-1")

    assert office.ask("live-2") == InstrumentRefused(symbol="BTC", holder="live-1")


def test_a_lease_is_on_disk_before_it_is_granted(file: Path) -> None:
    office = Office(file)

    office.ask("live-1")

    assert [type(effect) for effect in office.effects] == [Record, Send]


def test_a_renewal_keeps_the_epoch_and_a_new_life_gets_the_next(file: Path) -> None:
    office = Office(file)
    first = office.granted("live-1")

    assert office.granted("live-1", first) == first
    assert office.granted("live-1", 0) == first + 1


def test_a_lease_that_ran_out_goes_to_another_with_a_greater_epoch(file: Path) -> None:
    office = Office(file)
    first = office.granted("live-1")
    office.wait(16 * SECOND + ARRIVES_WITHIN_NS)

    assert office.granted("live-2") > first


def test_what_a_silent_holder_sent_last_may_still_arrive_so_nobody_else_gets_the_instrument_yet(file: Path) -> None:
    office = Office(file)
    first = office.granted("live-1")
    office.wait(15 * SECOND + ARRIVES_WITHIN_NS - 1)

    assert office.ask("live-2") == InstrumentRefused(symbol="BTC", holder="live-1")
    assert office.granted("live-1") == first + 1


def test_the_rest_of_an_instrument_survives_a_restart(file: Path) -> None:
    Office(file).granted("live-1")
    later = Office(file)
    later.wait(15 * SECOND + ARRIVES_WITHIN_NS - 1)

    assert isinstance(later.ask("live-2"), InstrumentRefused)


def test_a_table_of_a_version_that_knew_no_rest_rests_too(file: Path) -> None:
    old = InstrumentLease(account="main", symbol="BTC", instance="live-1", epoch=5, expires_at_ns=NOW_NS)
    MemoryFile(file, LeasesHeld).append((LeasesHeld(leases=(old,)),), (), None, NOW_NS)
    office = Office(file)
    office.wait(ARRIVES_WITHIN_NS - 1)

    assert isinstance(office.ask("live-2"), InstrumentRefused)


def test_a_clock_set_forward_does_not_shorten_the_rest(file: Path) -> None:
    office = Office(file)
    office.granted("live-1")
    office.now_ns += 60 * SECOND

    assert isinstance(office.ask("live-2"), InstrumentRefused)
    office.wait(15 * SECOND + ARRIVES_WITHIN_NS)
    assert office.granted("live-2")


def test_what_is_free_stays_free_when_the_clock_is_set_forward(file: Path) -> None:
    office = Office(file)
    office.granted("live-1")
    office.wait(15 * SECOND + ARRIVES_WITHIN_NS)
    office.now_ns += 60 * SECOND

    assert office.granted("live-2")


@pytest.mark.parametrize(("told_ns", "rests_ns"), [(3 * SECOND, 3 * SECOND), (-1, 0), (10**18, ARRIVES_WITHIN_NS)])
def test_a_released_instrument_rests_while_an_order_may_arrive(file: Path, told_ns: int, rests_ns: int) -> None:
    office = Office(file)
    office.granted("live-1")
    office.tell(InstrumentReleased(instance="live-1", account="main", symbol="BTC", settles_in_ns=told_ns))

    office.wait(rests_ns - 1)
    early = office.ask("live-2") if rests_ns else None
    office.wait(1)

    assert early is None or isinstance(early, InstrumentRefused)
    assert office.granted("live-2")


def test_a_released_lease_is_free_at_once_and_its_epoch_is_not_forgotten(file: Path) -> None:
    office = Office(file)
    first = office.granted("live-1")

    office.tell(InstrumentReleased(instance="live-1", account="main", symbol="BTC"))

    assert office.granted("live-2") == first + 1


def test_nobody_releases_the_lease_of_another(file: Path) -> None:
    office = Office(file)
    office.granted("live-1")

    office.tell(InstrumentReleased(instance="live-2", account="main", symbol="BTC"))

    assert isinstance(office.ask("live-2"), InstrumentRefused)


def test_the_epoch_grows_across_restarts(file: Path) -> None:
    first = Office(file).granted("live-1")

    assert Office(file).granted("live-1") == first + 1


def test_the_holder_is_remembered_across_a_restart(file: Path) -> None:
    Office(file).granted("live-1")

    assert isinstance(Office(file).ask("live-2"), InstrumentRefused)


def test_a_lost_table_does_not_begin_again_with_used_epochs(file: Path) -> None:
    first = Office(file).granted("live-1")
    file.unlink()
    office = Office(file)
    office.wait(120 * SECOND)

    assert office.granted("live-1") > first


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"checksum": "00", "recorded_at_ns": 1, "body": "{}"}', b"\x00\xff"])
def test_a_damaged_table_grants_nothing_to_anybody(file: Path, damage: bytes) -> None:
    Office(file).granted("live-1")
    file.write_bytes(damage)

    answer = Office(file).ask("live-1")

    assert isinstance(answer, InstrumentRefused)
    assert "nobody can say" in answer.holder
    assert file.read_bytes() == damage


def test_a_changed_digit_is_damage(file: Path) -> None:
    Office(file).granted("live-1")
    file.write_bytes(file.read_bytes().replace(b"live-1", b"live-2"))

    with pytest.raises(StoreError, match="checksum"):
        MemoryFile(file, LeasesHeld).read()


def test_before_the_table_is_read_nobody_gets_an_answer() -> None:
    machine = Leases()
    state, _ = machine.start(NOW_NS)

    wanted = InstrumentWanted(instance="live-1", account="main", symbol="BTC", reply_to="executor", epoch=0)
    _, effects = machine.receive(state, wanted, NOW_NS)

    assert effects == ()


def test_both_answers_of_the_file_are_understood() -> None:
    machine = Leases()
    lease = InstrumentLease(account="main", symbol="BTC", instance="live-1", epoch=5, expires_at_ns=0)

    read, _ = machine.receive(State(), JournalRead(events=((0, LeasesHeld(leases=(lease,))),)), NOW_NS)
    unreadable, _ = machine.receive(State(), StoreUnreadable(text="x"), NOW_NS)

    assert read.leases == {("main", "BTC"): lease}
    assert unreadable.trouble == "x"

"""What commands show of an instance is the same after its journal was archived, as far as the pages promise it."""

from __future__ import annotations

import pytest

from adapters.journal.archive import archive
from adapters.journal.reader import JournalReader
from adapters.journal.sqlite_journal import SqliteJournal
from engine.messages.events import SignalFiltered, StreamChanged
from instance_manager.cli.by_day import _payments
from instance_manager.cli.events import rows_of
from tests.actors.executor_laws import holding
from tests.adapters.archive_builders import lived, write
from tests.builders import NOW_NS, D
from tests.desk_builders import predator_json, workspace_with

LIVE = ("--instance", "live-1")
FOR_EVER_NS = NOW_NS * 2


@pytest.fixture
def file(tmp_path):
    return workspace_with(tmp_path / "home").journal_file("live-1")


def correlations(file, limit):
    """Of the newest, by number."""
    with JournalReader(file) as reader:
        return {row["sequence"]: row["correlation"] for row in rows_of(reader, limit)}


@pytest.mark.parametrize("part", [0.3, 0.5, 0.7, 0.9])
def test_what_follows_an_archive_keeps_its_correlation(file, part):
    story = lived()
    write(file, story)
    before = correlations(file, len(story))

    archive(file, story[int(len(story) * part)][0])

    after = correlations(file, len(story))
    assert after == {sequence: before[sequence] for sequence in after}
    assert any(after.values())


def test_a_trade_keeps_its_correlation_however_much_happens_meanwhile(file):
    desk = holding()
    write(file, tuple(desk.journal))
    opened = correlations(file, 1_000)
    noise = [StreamChanged(stream="user", is_up=True, text="")] * 5_000
    desk.market(42_500)
    desk.run(2_000)
    rest = desk.journal[len(opened) :]

    journal = SqliteJournal(file)
    journal.append(noise, (), None, desk.now_ns)
    journal.append([event for _, event in rest], (), None, desk.now_ns)
    journal.close()

    assert "TradeClosed" in {type(event).__name__ for _, event in rest}
    assert set(correlations(file, len(rest)).values()) - {""} == set(opened.values()) - {""}


def test_a_signal_that_was_filtered_does_not_look_acted_on(file):
    story = lived()
    _, signal = next(one for one in story if type(one[1]).__name__ == "SignalReceived")
    write(file, (*story, (NOW_NS, SignalFiltered(bar_open_time_ns=signal.signal.bar_open_time_ns, reason="too late"))))
    home = file.parents[2]
    before = predator_json("show-signals", *LIVE, home=home)

    archive(file, FOR_EVER_NS)

    assert predator_json("show-signals", *LIVE, home=home) == before
    assert before[0]["filtered"] == "too late"


def test_funding_stays_in_the_days(file):
    desk = holding()
    desk.exchange.pay_funding(D("0.0001"), desk.now_ns)
    desk.run(30_000)
    write(file, tuple(desk.journal))

    archive(file, FOR_EVER_NS)

    with JournalReader(file) as reader:
        assert [payment.amount for payment in _payments(reader)] == [desk.book.ledger.funding]

"""The rate limiter as a machine: never more than the limit, fair, and fail-safe."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from actors.rate_limiter import RateLimiter
from actors.spending import MINUTE, SECOND
from engine.machine import Record, Send
from engine.messages.account import AccountSpending, SpendingNoted, StoreUnreadable
from engine.messages.control import JournalRead, RecordFailed, Woken
from tests.actors.limiter_desk import ORDINARY_WEIGHT, START_NS, USABLE_WEIGHT, Limiter, counted, wanted, weight_of


def test_a_grant_goes_to_who_asked_and_is_on_disk_before() -> None:
    limiter = Limiter()

    limiter.tell(wanted("live-1"))

    assert [type(effect) for effect in limiter.effects] == [Record, Send]
    assert isinstance(limiter.effects[1], Send)
    assert limiter.effects[1].to == "live-1.executor"


def test_twenty_greedy_instances_never_get_more_than_the_usable_share() -> None:
    limiter = Limiter()

    spent: Counter[str] = Counter()

    for number in range(200):
        name = f"live-{number % 20}"
        spent[name] += limiter.ask(name, weight=500, orders=100, spent=spent[name]).weight

    assert 0.9 * ORDINARY_WEIGHT < spent.total() <= ORDINARY_WEIGHT


def test_a_newcomer_finds_something_left() -> None:
    limiter = Limiter()
    for _ in range(3):
        limiter.ask("greedy", weight=2_000)
        limiter.ask("other", weight=2_000)

    assert limiter.ask("newcomer", weight=100).weight > 0


def test_what_is_unspent_is_not_counted_twice() -> None:
    limiter = Limiter()

    for _ in range(100):
        assert limiter.ask("live-1", weight=50).weight == 50
        limiter.now_ns += SECOND // 10

    assert weight_of(limiter) == 50


def test_what_was_spent_stays_spent_and_counts_once() -> None:
    limiter = Limiter()
    limiter.ask("live-1", weight=50)

    limiter.ask("live-1", weight=50, spent=30)
    limiter.ask("live-1", weight=50, spent=30)

    assert weight_of(limiter) == 30 + 50


def test_an_asking_whose_answer_got_lost_costs_nothing() -> None:
    """Sixty processes of a busy machine once asked again before they were answered, until nothing was left."""
    limiter = Limiter()

    for _ in range(10):
        limiter.ask("live-1", weight=50)

    assert weight_of(limiter) == 50


def test_what_a_lease_that_ran_out_was_for_counts_until_its_holder_tells() -> None:
    limiter = Limiter()
    limiter.ask("live-1", weight=50)
    limiter.now_ns += 4 * SECOND
    limiter.tell(Woken(label="tick"))
    assert weight_of(limiter) == 50

    limiter.ask("live-1", weight=10, spent=20)
    assert weight_of(limiter) == 50 + 10  # it may have been longer ago

    limiter.ask("live-1", weight=10, spent=25)
    assert weight_of(limiter) == 50 + 5 + 10


def test_a_new_life_holds_nothing_of_the_old_one_which_may_have_spent_it() -> None:
    limiter = Limiter()
    limiter.ask("live-1", weight=50, life=1)

    limiter.ask("live-1", weight=20, spent=0, life=2)

    assert weight_of(limiter) == 50 + 20


def test_a_new_minute_begins_with_the_leases_that_are_still_out() -> None:
    limiter = Limiter()
    limiter.now_ns = START_NS + 59 * SECOND
    limiter.ask("live-1", weight=300)

    limiter.now_ns = START_NS + 61 * SECOND
    limiter.tell(Woken(label="tick"))
    assert weight_of(limiter) == 300

    limiter.now_ns = START_NS + 121 * SECOND
    limiter.tell(Woken(label="tick"))
    assert weight_of(limiter) == 0


def test_the_exchanges_own_count_replaces_ours_when_it_is_higher() -> None:
    limiter = Limiter()
    limiter.now_ns += 30 * SECOND

    limiter.tell(counted(USABLE_WEIGHT, limiter.now_ns))

    assert limiter.ask("live-1").weight == 0
    limiter.now_ns += MINUTE
    assert limiter.ask("live-1").weight == 50


def test_a_count_that_may_be_of_the_minute_before_stops_nobody() -> None:
    """Read just before the full minute and told just after it, it withheld everything for a minute, also from an
    executor that had to recover (a chaos run)."""
    limiter = Limiter()

    limiter.tell(counted(USABLE_WEIGHT, START_NS - SECOND))
    limiter.now_ns += SECOND
    limiter.tell(counted(USABLE_WEIGHT, limiter.now_ns))  # the exchange's clock may be behind ours

    assert limiter.ask("live-1").weight == 50


def test_a_restart_does_not_forget_what_was_granted() -> None:
    spent = AccountSpending(
        account="main",
        minute_started_at_ns=START_NS,
        weight=ORDINARY_WEIGHT - 20,
        orders_started_at_ns=START_NS,
        orders=0,
        backed_off_until_ns=0,
        is_stopped=False,
    )

    assert Limiter(SpendingNoted(accounts=(spent,))).ask("live-1").weight == 10


def test_after_a_write_that_failed_what_the_disk_has_counts_and_all_goes_on() -> None:
    limiter = Limiter()
    limiter.ask("live-1", weight=50)
    [noted] = [effect.events[-1] for effect in limiter.effects if isinstance(effect, Record)]
    limiter.ask("live-2", weight=50)

    limiter.tell(RecordFailed(text="disk full"))
    limiter.tell(wanted("live-2"))
    assert limiter.effects == ()
    limiter.tell(JournalRead(events=((1, noted),)))

    assert weight_of(limiter) == 50
    limiter.now_ns += 4 * SECOND
    limiter.tell(Woken(label="tick"))
    assert limiter.ask("live-2", weight=50).weight == 50


def test_a_damaged_memory_grants_nothing_for_a_minute() -> None:
    machine = RateLimiter()
    state, _ = machine.start(START_NS)
    state, _ = machine.receive(state, StoreUnreadable(text="damaged"), START_NS)

    state, effects = machine.receive(state, wanted("live-1"), START_NS)
    assert effects == ()

    state, _ = machine.receive(state, Woken(label="forgive"), START_NS + MINUTE)
    _, effects = machine.receive(state, wanted("live-1"), START_NS + MINUTE)
    assert len(effects) == 2


@given(
    st.lists(
        st.tuples(
            st.integers(0, 5), st.integers(0, 700), st.integers(0, 120), st.integers(0, 700), st.integers(0, 4_000)
        ),
        max_size=60,
    )
)
def test_within_a_minute_no_more_is_ever_out_than_the_usable_share(
    asks: list[tuple[int, int, int, int, int]],
) -> None:
    """Each asker spends what it says it spent; the sum of all spending stays below the limit."""
    limiter = Limiter()
    held: dict[str, int] = {}
    spent: Counter[str] = Counter()
    for number, weight, orders, spending, pause_ms in asks:
        name = f"live-{number}"
        spent[name] += min(spending, held.get(name, 0))
        held[name] = limiter.ask(name, weight, orders, spent=spent[name]).weight
        assert spent.total() + sum(held.values()) <= USABLE_WEIGHT
        limiter.now_ns = min(limiter.now_ns + pause_ms * 1_000, START_NS + 2 * SECOND)

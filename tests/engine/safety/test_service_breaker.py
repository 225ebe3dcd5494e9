"""Closed, open, half-open: when a reading rests, for how long, and what ends it."""

from __future__ import annotations

from engine.safety import service_breaker as service
from engine.safety.service_breaker import Phase, Rest, ServiceBreaker

REST = Rest()
MS = 1_000_000


def opened(times: int = 1, now_ns: int = 0) -> ServiceBreaker:
    breaker = ServiceBreaker()
    for _ in range(REST.most_failures):
        breaker = service.failed(breaker, REST, now_ns)
    for _ in range(times - 1):
        probing = service.asked(breaker, REST, now_ns + 60_000 * MS)
        assert probing is not None
        breaker = service.failed(probing, REST, now_ns)
    return breaker


def test_a_few_failures_do_not_open_it_and_an_answer_forgets_them():
    breaker = ServiceBreaker()
    for _ in range(REST.most_failures - 1):
        breaker = service.failed(breaker, REST, 0)

    assert breaker.phase is Phase.CLOSED
    assert service.answered() == ServiceBreaker()
    assert service.failed(breaker, REST, 0).phase is Phase.OPEN


def test_open_it_asks_nothing_until_the_pause_is_over_and_then_once():
    breaker = opened()
    assert service.asked(breaker, REST, 499 * MS) is None

    probing = service.asked(breaker, REST, 500 * MS)

    assert probing is not None
    assert probing.phase is Phase.HALF_OPEN
    assert service.asked(probing, REST, 501 * MS) is None, "one attempt at a time"
    assert service.asked(probing, REST, 1_000 * MS) is not None, "unless nobody ever heard of it again"


def test_pauses_double_up_to_a_limit():
    assert [service.pause_ms(opened(times), REST) for times in (1, 2, 3, 4, 5, 9)] == [
        500,
        1000,
        2000,
        4000,
        8000,
        8000,
    ]

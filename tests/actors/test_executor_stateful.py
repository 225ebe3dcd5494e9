"""The executor against an exchange, steps chosen by Hypothesis: in the end all agree, whatever happened.

A failing example is printed as the calls that lead to it, shortest first.
"""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.messages import control as ct
from engine.messages import exchange as ex
from engine.order import OrderPurpose, Side
from engine.signal import Intent
from tests.actors.executor_desk import Desk
from tests.actors.executor_laws import assert_all_agree, closed_trades, folded_journal
from tests.builders import D, an_order

FATES = ("ok", "request lost", "answer lost", "late", "silent", "refuse nonsense", "refuse would_trigger")
WISHES = (Intent.NONE, Intent.ENTER_LONG, Intent.ENTER_SHORT, Intent.EXIT_LONG, Intent.EXIT_SHORT)
SETTLED_MS = 45_000


class ExecutorMachine(RuleBasedStateMachine):
    """A desk in somebody's hands."""

    def __init__(self) -> None:
        super().__init__()
        self.next_fate = "ok"
        self.desk = Desk(self._fate).ready()
        self.bar = 0
        self.strangers = 0

    def _fate(self, call: object) -> str:
        if not isinstance(call, (ex.PlaceOrder, ex.CancelOrder)):
            return "ok"
        fate, self.next_fate = self.next_fate, "ok"
        return fate if isinstance(call, ex.PlaceOrder) or not fate.startswith("refuse") else "ok"

    @rule(wish=st.sampled_from(WISHES))
    def a_bar_closes(self, wish: Intent) -> None:
        self.bar += 1
        self.desk.cycle(self.bar, wish, float(self.desk.exchange.price))

    @rule(moved=st.integers(-300, 300))
    def the_market_moves(self, moved: int) -> None:
        self.desk.market(int(self.desk.exchange.price) * (10_000 + moved) // 10_000)

    @rule(fate=st.sampled_from(FATES))
    def the_next_request_meets(self, fate: str) -> None:
        self.next_fate = fate

    @rule(seconds=st.integers(1, 5))
    def time_passes(self, seconds: int) -> None:
        self.desk.run(seconds * 1_000, 250)

    @precondition(lambda self: self.desk.executor is not None)
    @rule(effects=st.integers(0, 3))
    def it_will_die(self, effects: int) -> None:
        self.desk.die_before = self.desk.performed + effects

    @rule()
    def the_stream_drops(self) -> None:
        self.desk.stream_is_up = False

    @rule()
    def the_stream_comes_back(self) -> None:
        self.desk.stream_is_up = True

    @precondition(lambda self: not self.desk.exchange.position.is_flat)
    @rule(share=st.sampled_from(["0.3", "1"]))
    def somebody_reduces(self, share: str) -> None:
        position, self.strangers = self.desk.exchange.position, self.strangers + 1
        quantity = (abs(position.quantity) * D(share)).quantize(D("0.001"))
        side = Side.SELL if position.quantity > 0 else Side.BUY
        order = an_order(f"web_{self.strangers}", OrderPurpose.EXIT, side=side, quantity=quantity)
        self.desk.exchange.place_foreign(order, self.desk.now_ns)

    @rule()
    def a_person_resets(self) -> None:
        self.desk.tell(ct.ResetBreaker(reason="looked", operator="ann"))

    @invariant()
    def no_order_is_taken_twice(self) -> None:
        accepted = self.desk.exchange.accepted
        assert len(accepted) == len(set(accepted))

    @invariant()
    def the_journal_is_the_state(self) -> None:
        if self.desk.state is not None and self.desk.state.is_recovered:
            assert folded_journal(self.desk) == self.desk.book

    def teardown(self) -> None:
        """A kind while: everything must be known, protected or flat, and told."""
        self.next_fate, self.desk.die_before, self.desk.stream_is_up = "ok", -1, True
        self.desk.run(SETTLED_MS, 500)
        assert_all_agree(self.desk)
        book = self.desk.book
        assert book.position_quantity == 0 or book.open_orders(OrderPurpose.STOP)
        assert book.trade_count == len(closed_trades(self.desk))
        assert book.outbox == {}


TestExecutor = ExecutorMachine.TestCase
TestExecutor.settings = settings(
    max_examples=20, stateful_step_count=20, deadline=None, derandomize=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip

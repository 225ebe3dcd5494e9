"""The host: one machine in one process, with its inbox, timers, ports and performer. Knows nothing of Thespian.

Whoever owns the process calls `pump` whenever something may have happened (a descriptor is readable, a time came) and
looks again after `next_look_s`. `pump` never blocks. Whatever raises in here is a defect: the owner must crash.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import time

from loguru import logger

from actors.shell.async_bridge import AsyncBridge
from actors.shell.budget_keeper import BudgetKeeper
from actors.shell.clock import SteadyWallClock
from actors.shell.dead_letters import DeadLetters
from actors.shell.envelope import Identity
from actors.shell.exchange_desk import BANNED, ExchangeDesk
from actors.shell.gatekeeper import Gatekeeper
from actors.shell.lease_keeper import LeaseKeeper
from actors.shell.part import AsyncPort, Edge, Part
from actors.shell.patience import patience
from actors.shell.performer import Deed, Outer, Performer
from actors.shell.plane import Plane
from actors.shell.purse import PurseFile
from actors.shell.scoreboard import ScoreboardWriter
from actors.shell.timers import Timers
from actors.shell.tree import SUPERVISOR, Tree, purse_file
from engine.messages.base import Message
from engine.messages.budget import BudgetGranted, UsageReported
from engine.messages.control import Woken
from engine.messages.exchange import ORDER_LIMIT, UsageObserved

EXCHANGE = "exchange"
BEAT_EVERY_NS = 200_000_000
PUMP_LIMIT_NS = 50_000_000  # then commands get their turn
PORT_LIMIT_S = 30.0
CLOSE_LIMIT_S = 2.0
LIMITER = "account.limiter"
LEASES = "account.leases"
NOTHING_COUNTED = UsageObserved(used_weight=0, order_count=0)
NO_MORE_ORDERS = UsageObserved(used_weight=0, order_count=1_000_000)  # whatever the limit: it is reached


class Host:
    """Make it after the fork: sockets and threads begin here."""

    def __init__(self, *, tree: Tree, identity: Identity, part: Part, outer: Outer, writer: ScoreboardWriter) -> None:
        self._tree = tree
        self._part = part
        self._writer = writer
        self._clock = SteadyWallClock()
        self._timers = Timers()
        self._leases = LeaseKeeper()
        self._keeper = self._make_keeper(identity.role)
        letters = DeadLetters(tree.log_folder, identity.role)
        self._plane = None if identity.role == SUPERVISOR else Plane(tree, identity, letters.keep_malformed)
        self._bridge: AsyncBridge[Deed] | None = AsyncBridge() if part.async_ports else None
        self._desk: ExchangeDesk | None = None
        self._services_shown: dict[str, object] = {}
        self._async_ports = self._make_async_ports()
        if self._bridge is not None and EXCHANGE in self._async_ports:
            writer.is_alive = (
                self._bridge.answers
            )  # whose line to the exchange hangs is no good, though it handles messages
        self._performer = Performer(
            part=part,
            outer=outer,
            plane=self._plane,
            bridge=self._bridge,
            async_ports=self._async_ports,
            scoreboard=writer,
            timers=self._timers,
            leases=self._leases,
            dead_letters=letters,
        )
        self._waiting = self._performer.follow_ups
        self._alarms_told: collections.Counter[str] = collections.Counter()
        self._beat_at_ns = 0
        self._usage: tuple[int, UsageObserved] | None = None

    # --- life --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Let the machine begin, and take in what it asked for first: whoever says that it started has recovered."""
        now_ns = self._clock.now_ns()
        self._state, effects = self._part.machine.start(now_ns)
        self._performer.perform(effects, now_ns)
        for _ in range(len(self._waiting)):
            self.deliver(self._waiting.popleft())

    def close(self) -> None:
        """Close ports and threads, each in bounded time."""
        if self._bridge is not None:
            for port in self._async_ports.values():
                with contextlib.suppress(Exception):  # it ends in any case; a port that cannot close must not hold it
                    self._bridge.call(port.close(), CLOSE_LIMIT_S)
            self._bridge.close()
        if self._plane is not None:
            self._release_instrument(self._plane)
            self._plane.close()

    def _release_instrument(self, plane: Plane) -> None:
        """After the last request has ended, so that another instance need not wait for the lease to run out."""
        released = self._leases.released()
        if released is not None:
            plane.send(LEASES, released)

    # --- running -----------------------------------------------------------------------------------------------------

    def deliver(self, message: Message) -> None:
        """One message to the machine, and its effects performed."""
        self._leases.on_received(message)
        if isinstance(message, BudgetGranted) and self._keeper is not None and not self._take_budget(message):
            return
        now_ns = self._clock.now_ns()
        with patience(message, self._writer.beat):
            self._state, effects = self._part.machine.receive(self._state, message, now_ns)
        self._performer.perform(effects, now_ns)

    def pump(self) -> bool:
        """Deliver what waits. True when there is more and the time for one turn is over."""
        until_ns = time.monotonic_ns() + PUMP_LIMIT_NS
        self._beat()
        while (message := self._next()) is not None:
            self.deliver(message)
            if time.monotonic_ns() > until_ns:
                self._beat()
                return True
        return False

    def next_look_s(self) -> float:
        """When to look again even if no descriptor says so."""
        due_ns = self._timers.next_due_ns()
        waits_ns = [self._beat_at_ns - time.monotonic_ns()]
        if due_ns is not None:
            waits_ns.append(due_ns - self._clock.now_ns())
        return max(0.0, min(waits_ns) / 1e9)

    def watched(self) -> list[int]:
        """Descriptors whose readability means `pump`."""
        sources = (self._plane, self._bridge)
        return [source.fileno() for source in sources if source is not None]

    def _next(self) -> Message | None:
        if self._bridge is not None:
            for deed in self._bridge.drain():
                deed()
        if self._waiting:
            return self._waiting.popleft()
        label = self._timers.take_due(self._clock.now_ns())
        if label is not None:
            return Woken(label=label)
        return self._plane.take() if self._plane is not None else None

    def _beat(self) -> None:
        now_ns = time.monotonic_ns()
        if now_ns < self._beat_at_ns:
            return
        self._beat_at_ns = now_ns + BEAT_EVERY_NS
        self._writer.beat()
        self._renew_budget()
        self._report_usage()
        self._tell_alarms()
        self._show_services()

    def _tell_alarms(self) -> None:
        if self._plane is not None and self._plane.alarms != self._alarms_told:
            logger.warning("inbox: {}", dict(self._plane.alarms - self._alarms_told))
            self._alarms_told = self._plane.alarms.copy()
            self._writer.show_beside("inbox", dict(self._plane.alarms))

    def _show_services(self) -> None:
        services = self._desk.services() if self._desk is not None else {}
        if services != self._services_shown:
            logger.warning("readings that rest: {}", services or "none any more")
            self._services_shown = services
            self._writer.show_beside("services", services)

    # --- the exchange ------------------------------------------------------------------------------------------------

    def _make_keeper(self, role: str) -> BudgetKeeper | None:
        spec = self._tree.spec
        if spec is None or not self._part.is_budgeted:
            return None
        purse = PurseFile(purse_file(spec.run_folder, role), self._clock.now_ns)
        return BudgetKeeper(
            instance=spec.instance, account=spec.account, role=role, purse=purse, exchange=spec.exchange_place
        )

    def _make_async_ports(self) -> dict[str, AsyncPort]:
        if self._bridge is None:
            return {}
        return {name: self._bridge.call(self._make_port(name), PORT_LIMIT_S) for name in self._part.async_ports}

    async def _make_port(self, name: str) -> AsyncPort:
        port = self._part.async_ports[name](Edge(push=self._push, on_usage=self._on_usage))
        if name != EXCHANGE:
            return port
        glance = Gatekeeper(self._tree, self._leases).glance
        self._desk = ExchangeDesk(port, glance, self._keeper, self._on_told_to_wait, self._leases.on_order)
        return self._desk

    def _push(self, message: Message) -> None:
        assert self._bridge is not None
        self._bridge.post(functools.partial(self._waiting_append, message))

    def _waiting_append(self, message: Message) -> None:
        self._waiting.append(message)

    def _on_usage(self, observed: Message) -> None:
        """Headers come with every answer; the newest is reported with the next beat."""
        if isinstance(observed, UsageObserved):
            self._usage = self._clock.now_ns(), observed

    def _on_told_to_wait(self, kind: str, retry_after_ms: int) -> None:
        """Too many orders is no reason for anybody to stop reading: the limiter hears that they are spent."""
        assert self._bridge is not None
        at_ns, is_ban = self._clock.now_ns(), kind == BANNED
        counted, wait_ms = (NO_MORE_ORDERS, 0) if kind == ORDER_LIMIT else (NOTHING_COUNTED, retry_after_ms)
        self._bridge.post(functools.partial(self._report, counted, at_ns, wait_ms, is_ban))

    def _report_usage(self) -> None:
        usage, self._usage = self._usage, None
        if usage is not None:
            at_ns, observed = usage
            self._report(observed, at_ns, 0)

    def _report(self, usage: UsageObserved, at_ns: int, retry_after_ms: int, is_ban: bool = False) -> None:
        spec, plane = self._tree.spec, self._plane
        if spec is None or plane is None or self._keeper is None:
            return
        report = UsageReported(
            account=spec.account,
            exchange=spec.exchange_place,
            observed_at_ns=at_ns,
            used_weight=usage.used_weight,
            order_count=usage.order_count,
            retry_after_ms=retry_after_ms,
            is_ban=is_ban,
        )
        plane.send(LIMITER, report)

    def _take_budget(self, granted: BudgetGranted) -> bool:
        """Whether the machine must hear of it."""
        assert self._keeper is not None
        if granted.banned_for_ns and self._bridge is not None and self._desk is not None:
            self._bridge.submit(self._desk.leave_alone(granted.banned_for_ns // 1_000_000))
        return self._keeper.take(granted)

    def _renew_budget(self) -> None:
        wanted = self._keeper.renewal() if self._keeper is not None else None
        if wanted is not None and self._plane is not None:
            self._plane.send(LIMITER, wanted)  # a limiter that is gone is asked again; meanwhile the reserve serves

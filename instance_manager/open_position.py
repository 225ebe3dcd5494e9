"""What may not change unsaid while a position is open, or may be: no limit binds less than when it was opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from actors.spec import InstanceSpec, Permission
from engine.messages.facts import Checkpoint, LimitsSet
from engine.messages.reports import InstanceView
from engine.safety import loosening
from instance_manager.errors import RefusedForSafety
from instance_manager.person import who_commands

if TYPE_CHECKING:
    from adapters.journal.reader import JournalReader


def permitted(spec: InstanceSpec, reason: str) -> InstanceSpec:
    """The specification with a person's word, where one is needed. Raises RefusedForSafety, StoreError."""
    looser = _loosened(spec)
    if not looser:
        return spec
    if not reason:
        raise RefusedForSafety(
            f"{spec.instance} holds a position or has open orders, and these limits would bind less: "
            f"{'; '.join(looser)}. Close it first, "
            'leave the limits, or say why: --confirm-loosen "…" (kept in the journal)'
        )
    return replace(spec, loosening=Permission(operator=who_commands(), reason=reason))


def _loosened(spec: InstanceSpec) -> tuple[str, ...]:
    from adapters.journal.migration import bring_forward
    from adapters.journal.reader import JournalReader

    if not spec.account or not spec.journal_file.exists():
        return ()
    bring_forward(spec.journal_file)  # an older program's is read before the executor would do it
    with JournalReader(spec.journal_file) as journal:
        view, before = journal.view(), _limits_before(journal)
    if view is None or not _may_hold(view):
        return ()
    return loosening.loosened(before, loosening.as_text(spec.limits))


def _may_hold(view: InstanceView) -> bool:
    """An entry that is under way, or whose fate nobody knows, may have opened a position by now."""
    return bool(view.position_quantity or view.open_orders or view.unresolved_orders)


def _limits_before(journal: JournalReader) -> Mapping[str, str]:
    """Those of the newest life, as its recovery will find them: behind an archive they are in the checkpoint."""
    newest = journal.newest("LimitsSet") or journal.checkpoint()
    return newest.limits if isinstance(newest, (LimitsSet, Checkpoint)) else {}

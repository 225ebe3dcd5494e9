"""How far a conditional order is, and everybody told of it.

NEW -> TRIGGERING -> TRIGGERED (an ordinary order exists) -> FINISHED (it is done).
"""

from venue.core.account import Account
from venue.core.events import AlgoChanged
from venue.core.floor import Floor
from venue.core.orders import AlgoOrder, AlgoStatus, Order

STILL = (AlgoStatus.NEW, AlgoStatus.TRIGGERING)


def become(floor: Floor, account: Account, algo: AlgoOrder, status: AlgoStatus, order: Order | None = None) -> None:
    algo.status = status
    algo.updated_ms = floor.clock.now_ms()
    if status not in STILL:
        account.open_algos.pop(algo.algo_id, None)
    floor.emit(AlgoChanged(account=account, algo=algo, status=status, order=order))


def after_order_done(floor: Floor, account: Account, order: Order) -> None:
    """The ordinary order is done: so is the conditional one that made it."""
    algo = account.algos.get(order.request.algo_id) if order.request.algo_id is not None else None
    if algo and algo.status is AlgoStatus.TRIGGERED:
        become(floor, account, algo, AlgoStatus.FINISHED, order)

"""Between the trading wallet (UNIFIED) and the one outside trading (FUND)."""

from decimal import Decimal

from venue.bybit.call import Call
from venue.bybit.errors import BybitError, JsonObject, invalid
from venue.bybit.queries import is_between, page
from venue.bybit.render import money
from venue.core.account import Account
from venue.core.floor import Floor
from venue.core.margin import figures
from venue.core.orders import Income
from venue.core.settlement import Adjustment, adjust

WALLETS = ("UNIFIED", "FUND")
NOT_ENOUGH = BybitError(131212, "user insufficient balance")


def post_transfer(call: Call) -> JsonObject:
    identity, coin, amount = call.text("transferId"), call.text("coin"), call.decimal("amount")
    source, target = call.text("fromAccountType"), call.text("toAccountType")
    if source not in WALLETS or target not in WALLETS or source == target:
        raise BybitError(131203, "from or to account type is not supported")
    if coin != "USDT" or amount <= 0:
        raise invalid("coin" if coin != "USDT" else "amount")
    move(call.venue.floor, call.account, amount if target == "UNIFIED" else -amount)
    return {"transferId": identity, "status": "SUCCESS"}


def move(floor: Floor, account: Account, change: Decimal) -> None:
    """Into trading when positive. Raises when there is not so much free."""
    if account.vault < change or figures(floor, account).available < -change:
        raise NOT_ENOUGH
    account.vault -= change
    adjust(floor, account, Adjustment(change=change, kind="TRANSFER", reason="TRANSFER"))


def get_transfers(call: Call) -> JsonObject:
    start, end = call.times()
    found = [i for i in call.account.incomes if i.kind == "TRANSFER" and is_between(i.time_ms, start, end)]
    shown, cursor = page(call, found, lambda i: f"{i.income_id:020d}", (20, 50))
    return {"list": [transfer_row(i) for i in shown], "nextPageCursor": cursor}


def transfer_row(income: Income) -> JsonObject:
    source, target = WALLETS[::-1] if income.amount > 0 else WALLETS
    return {
        "transferId": f"b0050000-0000-4000-8000-{income.income_id:012d}",
        "coin": "USDT",
        "amount": money(abs(income.amount)),
        "fromAccountType": source,
        "toAccountType": target,
        "timestamp": str(income.time_ms),
        "status": "SUCCESS",
    }


def get_coin_balances(call: Call) -> JsonObject:
    wallet = call.text("accountType")
    if wallet not in WALLETS:
        raise invalid("accountType")
    balance = money(call.account.vault if wallet == "FUND" else call.account.wallet)
    row = {"coin": "USDT", "walletBalance": balance, "transferBalance": balance, "bonus": ""}
    return {"memberId": "", "accountType": wallet, "balance": [row]}

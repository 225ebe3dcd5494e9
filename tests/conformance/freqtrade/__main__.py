"""`python -m tests.conformance.freqtrade`: freqtrade trades live on the venue for minutes; then books are compared.

Run in freqtrade's own environment (`tox -e conformance-freqtrade`). Ends with 0 when everything agrees.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import ccxt.pro

from tests.conformance.freqtrade.comparison import compare
from tests.venue.processes import VenueProcess, start

HERE = Path(__file__).parent
ACCOUNT = "account-1"
ENDS_WITHIN_S = 90
SETTLES_WITHIN_S = 10  # its turns are two seconds; a fired stop takes it a few of them
ENDED_AS_TOLD = 130  # what freqtrade answers to Ctrl-C after it cleaned up


def localised(urls: object, port: int) -> object:
    """ccxt's own table of addresses, all of it at the venue: a family left out would leave this machine."""
    if isinstance(urls, dict):
        return {name: localised(entry, port) for name, entry in urls.items()}
    scheme = "ws" if str(urls).startswith("ws") else "http"
    return f"{scheme}://127.0.0.1:{port}{urlsplit(str(urls)).path}"


def write_local_config(folder: Path, port: int) -> Path:
    """What it takes to point freqtrade at the venue: its ccxt configuration, nothing else.

    `_ft_has_params` turns on candles by WebSocket, which freqtrade has but leaves off for these futures.
    """
    urls = {"api": localised(ccxt.pro.binance().urls["api"], port)}
    options = {"fetchCurrencies": False, "fetchMargins": False, "fetchMarkets": {"types": ["linear"]}}
    exchange = {"ccxt_config": {"urls": urls, "options": options}, "_ft_has_params": {"ws_enabled": True}}
    path = folder / "local.json"
    path.write_text(json.dumps({"exchange": exchange}, indent=1))
    return path


def start_freqtrade(folder: Path, port: int) -> "subprocess.Popen[bytes]":
    (folder / "user").mkdir()
    command = [sys.executable, "-m", "freqtrade", "trade"]
    command += ["--config", str(HERE / "config.json"), "--config", str(write_local_config(folder, port))]
    command += ["--strategy", "Often", "--strategy-path", str(HERE), "--userdir", str(folder / "user")]
    command += ["--db-url", f"sqlite:///{folder / 'trades.sqlite'}", "--logfile", str(folder / "freqtrade.log")]
    with (folder / "screen.log").open("wb") as log:
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)


def push_through_a_stop(venue: VenueProcess) -> bool:
    """A wick through the first resting stop; whether there was one."""
    for algo in venue.control("GET", f"accounts/{ACCOUNT}?brief=1")["open_algo_orders"]:
        beyond = 0.9995 if algo["side"] == "SELL" else 1.0005
        price = f"{float(algo['trigger_price']) * beyond:.1f}"
        venue.control("POST", f"market/{algo['symbol']}", {"price": price})
        return True
    return False


def trade(venue: VenueProcess, process: "subprocess.Popen[bytes]", minutes: float) -> None:
    """Lets it trade; each second minute the market runs through one of its stops."""
    until, next_wick = time.monotonic() + minutes * 60, time.monotonic() + 90
    while time.monotonic() < until and process.poll() is None:
        time.sleep(1)
        if time.monotonic() >= next_wick and push_through_a_stop(venue):
            next_wick = time.monotonic() + 120


def end(process: "subprocess.Popen[bytes]") -> int | None:
    """As by Ctrl-C; its exit code, None when it had ended by itself before."""
    if process.poll() is not None:
        return None
    process.send_signal(signal.SIGINT)
    try:
        return process.wait(timeout=ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def main() -> int:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background, and children inherit that
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.freqtrade")
    parser.add_argument("--minutes", type=float, default=6)
    parser.add_argument("--seed", default="7")
    parser.add_argument("--folder", type=Path, help="where logs, database and truth are kept (default: temporary)")
    given = parser.parse_args()
    folder = (given.folder or Path(tempfile.mkdtemp(prefix="conformance-freqtrade-"))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    symbols = ("--symbol", "BTCUSDT", "--symbol", "ETHUSDT", "--truth-log", str(folder / "truth.jsonl"))
    venue = start(folder, "--time", "now", "--speed", "1", "--seed", given.seed, *symbols)
    try:
        return run(venue, folder, given.minutes)
    finally:
        venue.stop()


def run(venue: VenueProcess, folder: Path, minutes: float) -> int:
    """Trades, ends, compares; 0 when everything agrees."""
    process = start_freqtrade(folder, venue.port)
    try:
        trade(venue, process, minutes)
        venue.control("POST", "pause")  # nothing may fire that it has no time left to hear of
        time.sleep(SETTLES_WITHIN_S)
    finally:
        code = end(process)
    if code != ENDED_AS_TOLD:
        print(f"freqtrade ended with {code}; its log: {folder / 'screen.log'}")  # noqa: T201
        return 1
    rows = compare(venue, folder, ACCOUNT)
    print("\n".join(row.as_text() for row in rows))  # noqa: T201 - the table is what it is for
    print(f"logs and books: {folder}")  # noqa: T201
    return 0 if all(row.agrees for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

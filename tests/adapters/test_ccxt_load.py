"""Loading one exchange is cheap, and importing the adapter loads none."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from adapters.ccxt.load import load_exchange
from engine.errors import ConfigurationError

PROBE = """
import json, resource, sys, time
import adapters.ccxt.exchange
before = "ccxt" in sys.modules
began = time.process_time()
from adapters.ccxt.load import load_exchange
kind = load_exchange("binanceusdm")
took = time.process_time() - began
others = [name for name in sys.modules if name.startswith("ccxt.async_support.") and name.count(".") == 2]
rss_mb = int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 2**20
print(json.dumps({"before": before, "took_s": took, "rss_mb": rss_mb, "others": others, "id": kind({}).id}))
"""


@pytest.mark.processes
def test_importing_the_adapter_loads_no_ccxt_and_loading_one_exchange_loads_only_it():
    answer = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True, timeout=60)
    seen = json.loads(answer.stdout)

    assert seen["before"] is False
    assert seen["id"] == "binanceusdm"
    assert set(seen["others"]) == {"ccxt.async_support." + name for name in ("base", "binance", "binanceusdm")}
    assert seen["rss_mb"] < 90


def test_loading_again_is_the_same_class():
    assert load_exchange("binanceusdm") is load_exchange("binanceusdm")


def test_an_exchange_without_a_dialect_is_refused_by_name():
    with pytest.raises(ConfigurationError, match="'kraken' is not known; known: binanceusdm, bybit"):
        load_exchange("kraken")

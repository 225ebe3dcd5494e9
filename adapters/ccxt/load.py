"""Load one ccxt exchange without the hundred others.

`import ccxt.async_support` imports every exchange: about 1 s and 105 MB. The packages' own `__init__` never run here:
bare packages stand in their place, holding only what ccxt's modules import from them. This leans on ccxt's inside, so
ccxt is pinned exactly and a test loads an exchange this way.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

from engine.errors import ConfigurationError

PARENTS = {  # an exchange's module imports its parent's class by package
    "binanceusdm": ("binance", "binanceusdm"),
    "bybit": ("bybit",),
    "mexc": ("mexc",),
}


def load_exchange(name: str) -> type[Any]:
    """ccxt's asyncio class of the exchange `name`. Raises ConfigurationError for one it is not prepared for."""
    if name not in PARENTS:
        raise ConfigurationError(f"exchange {name!r} is not known; known: {', '.join(sorted(PARENTS))}")
    _register_packages()
    package = sys.modules["ccxt.async_support"]
    for part in PARENTS[name]:
        kind = getattr(importlib.import_module(f"ccxt.async_support.{part}"), part)
        setattr(package, part, kind)
    return kind  # type: ignore[no-any-return]


def _register_packages() -> None:
    if "ccxt" in sys.modules:
        importlib.import_module("ccxt.async_support")  # somebody imported the whole of it already
        return
    found = importlib.util.find_spec("ccxt")
    assert found is not None, "ccxt is not installed"
    assert found.origin is not None, "ccxt is installed without its __init__"
    root = Path(found.origin).parent
    top = _bare_package("ccxt", root)
    top.async_support = _bare_package("ccxt.async_support", root / "async_support")  # type: ignore[attr-defined]
    _fill(top)


def _bare_package(name: str, folder: Path) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__path__ = [str(folder)]
    module.__package__ = name
    module.__file__ = str(folder / "__init__.py")
    module.__spec__ = importlib.util.spec_from_file_location(
        name, module.__file__, submodule_search_locations=[str(folder)]
    )
    sys.modules[name] = module
    return module


def _fill(top: types.ModuleType) -> None:
    errors = importlib.import_module("ccxt.base.errors")
    for name in errors.__all__:
        setattr(top, name, getattr(errors, name))
    top.Exchange = importlib.import_module("ccxt.base.exchange").Exchange  # type: ignore[attr-defined]
    top.__version__ = "4.5.90"  # type: ignore[attr-defined]

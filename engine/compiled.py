"""Compiling plain integer functions with numba, so that one source serves live (as it stands) and backtest (compiled).

numba's on-disk cache looks only at the file of the outermost function. The fingerprint of every source and constant
that goes in is therefore part of the compiled function's name: an edit of any of them is a different cache entry.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Sequence
from types import FunctionType, ModuleType
from typing import Any


def compile_with(entry: Callable[..., Any], parts: Sequence[Callable[..., Any]], *, allocates: bool = True) -> Any:
    """`entry` compiled and cached on disk; the functions of `parts` it calls, by name, are compiled into it.

    `parts` are in order of use: each may call those before it. Globals (constants) come from all of their modules.
    Code that makes no array (`allocates=False`) needs no counting of references, which is slow for views of rows.
    """
    import numba

    options: dict[str, Any] = {"error_model": "numpy"} | ({} if allocates else {"_nrt": False})
    namespace: dict[str, Any] = {}
    for function in (*parts, entry):
        namespace.update(vars(_module_of(function)))
    for function in parts:
        namespace[function.__name__] = numba.njit(
            _rebound(function, function.__name__, namespace), forceinline=True, **options
        )
    name = f"{entry.__name__}_{_fingerprint((*parts, entry))}{'' if allocates else '_plain'}"
    whole = _rebound(entry, name, namespace)
    try:
        return numba.njit(whole, cache=True, nogil=True, **options)
    except RuntimeError:  # no folder it may write to: then each process compiles for itself
        return numba.njit(whole, nogil=True, **options)


def _rebound(function: Callable[..., Any], name: str, namespace: dict[str, Any]) -> FunctionType:
    assert isinstance(function, FunctionType), function
    copy = FunctionType(function.__code__, namespace, name, function.__defaults__)
    copy.__qualname__ = name
    copy.__module__ = function.__module__
    return copy


def _module_of(function: Callable[..., Any]) -> ModuleType:
    module = inspect.getmodule(function)
    assert module is not None, function
    return module


def _fingerprint(functions: Sequence[Callable[..., Any]]) -> str:
    """Of the sources, and of the constants that they take from elsewhere."""
    modules = sorted({_module_of(function) for function in functions}, key=lambda module: module.__name__)
    parts = [*(inspect.getsource(module) for module in modules), *map(_constants, functions)]
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:12]


def _constants(function: Callable[..., Any]) -> str:
    """The numbers that a function knows by name: they may be written in a module that is none of its own."""
    assert isinstance(function, FunctionType), function
    known = {name: function.__globals__.get(name) for name in function.__code__.co_names}
    return str({name: value for name, value in known.items() if isinstance(value, int | float | tuple)})

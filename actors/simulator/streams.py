"""Streams of the simulated exchange: its events on their way to those who listen, and how a stream breaks."""

from __future__ import annotations

from collections.abc import Callable

from actors.simulator import post
from actors.simulator.stage import Stage
from engine.messages import exchange as ex
from engine.messages.base import Message


def push(stage: Stage) -> None:
    """What happened since: delayed each for itself (so events overtake each other), lost while the stream is down or
    silent."""
    for name, stream, event in stage.world.take_pushed():
        if f"{name}.{stream}" in stage.streams_down | stage.streams_silent:
            continue
        for _ in range(2 if stage.strikes("double_message") else 1):
            stage.agenda.after(stage.chance.delay_ns(0.2, 30), _pushing(stage, name, stream, event))


def _pushing(stage: Stage, name: str, stream: str, event: Message) -> Callable[[], None]:
    return lambda: _to_listener(stage, name, stream, event)


def _to_listener(stage: Stage, name: str, stream: str, event: Message) -> None:
    tree = stage.trees[name]
    life = tree.lives.get(_listener(stream))
    if life is not None and stream in life.streams:
        tree.deliver(life, event)


def _listener(stream: str) -> str:
    return "executor" if stream == "user" else "data"


def drop(stage: Stage, name: str, stream: str, for_ns: int) -> None:
    """It breaks, and comes back after `for_ns`."""
    key = f"{name}.{stream}"
    if key in stage.streams_down:
        return
    stage.streams_down.add(key)
    post.deliver_to_role(stage.trees[name], _listener(stream), ex.StreamLost(stream=stream, reason="dropped"))

    def back() -> None:
        stage.streams_down.discard(key)
        _to_listener(stage, name, stream, ex.StreamOpened(stream=stream))

    stage.agenda.after(for_ns, back)


def hush(stage: Stage, name: str, stream: str, for_ns: int) -> None:
    """It stays up and says nothing; nobody is told, not even when it speaks again."""
    key = f"{name}.{stream}"
    if key not in stage.streams_silent:
        stage.streams_silent.add(key)
        stage.agenda.after(for_ns, lambda: stage.streams_silent.discard(key))

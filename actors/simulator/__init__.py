"""The simulator: the same machines in virtual time, from a seed. What happens in it happens again, event for event.

It performs effects as the shell does, with the world's ill will added (`faults`). One process, no thread, no clock.
From the ground up: `agenda` (virtual time), `lives` (one life of one actor), `disk`, `stage` (the supervised trees and
what they share), `post` (messages between actors), `streams` and `people` (what comes from outside), `births` and
`launcher` (who lives), `line` (the way to the exchange), `ports` (what is asked nearby), `performing` (effects),
`simulation` (the whole of it, and its ill will).
"""

from actors.simulator.agenda import BEGIN_NS
from actors.simulator.casting import Casting
from actors.simulator.faults import Faults
from actors.simulator.simulation import Simulation
from actors.simulator.stage import AT_EASE, Stage

__all__ = ["AT_EASE", "BEGIN_NS", "Casting", "Faults", "Simulation", "Stage"]

"""The simulator: the same machines in virtual time, from a seed. What happens in it happens again, event for event.

It performs effects as the shell does, with the world's ill will added (`faults`). One process, no thread, no clock. The
rooms: `agenda` (virtual time), `lives` (one life of one actor), `tree` (a supervised system of them), `performing`
(their effects), `post` (messages between actors), `ports` (what is asked nearby), `line` (the way to the exchange),
`simulation` (the whole of it).
"""

from actors.simulator.agenda import BEGIN_NS
from actors.simulator.casting import Casting
from actors.simulator.faults import Faults
from actors.simulator.simulation import AT_EASE, Simulation

__all__ = ["AT_EASE", "BEGIN_NS", "Casting", "Faults", "Simulation"]

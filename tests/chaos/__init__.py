"""Chaos on the real processes: `python -m tests.chaos --minutes 10 --seed 1`. See runbooks/simulation.md."""

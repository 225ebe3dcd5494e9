"""Promises shown on real processes against the exchange log: `python -m tests.proofs` (runbooks/simulation.md)."""

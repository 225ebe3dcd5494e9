"""Other people's clients, unmodified, on the local venue: each in an environment of its own, because some clash."""

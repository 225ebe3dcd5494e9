"""Which machine and which ports stand for a role: the only place in `actors` that imports plays and adapters."""

"""THE CAST: each file is a machine, State + receive(state, message, now_ns) -> (state, effects)."""

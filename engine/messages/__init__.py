"""What actors say to each other: commands (imperative), events (past tense), reports (present state)."""

"""THE EDGES: they translate between the outside world and our words, and never decide."""

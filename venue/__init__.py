"""THE NEIGHBOUR: a local exchange that speaks real exchanges' wire protocols. Imports nothing of Predator."""

"""How machines run as real processes: all our dealings with Thespian, ZeroMQ, processes and time are in here."""

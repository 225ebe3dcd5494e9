"""THE DESK: command line, settings, modes and the life of instances."""

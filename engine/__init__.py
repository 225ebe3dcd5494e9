"""THE GROUND: the pure trading core. No clock, network, disk, thread, Thespian or ccxt."""

"""The host's side: programs a machine and runs it, on a board or in a simulation, with the same calls."""

"""From an experiment to a program of the accelerator.

The golden step itself is the front end: run with an arithmetic that records (`recorder`) it tells every operation, in
an order that is the program's meaning. What follows orders the operations so that the units overlap (`schedule`), gives
tensors and real numbers their places (`allocation`), and writes the tables that the machine reads from memory
(`image`); `compiler` does all of it.
"""

"""From an experiment to a program of the accelerator.

The golden step itself is the front end: run with an arithmetic that records (`recorder`) it tells every operation, in
an order that is the program's meaning. What follows adds the transfers of what comes from outside (`outside`), orders
the operations so that the units overlap (`schedule`), gives tensors and real numbers their places in the machine
(`allocation`), and tables and results theirs in the memory outside (`memory`); `compiler` does all of it.
"""

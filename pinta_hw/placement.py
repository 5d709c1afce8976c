"""How a parent places a child component."""

from amaranth.hdl import Module, ResetInserter


def place(m: Module, name: str, component, platform, reset=None, clock=None):
    """Make ``component`` the submodule ``name`` of ``m`` and return it.

    A platform with a method ``instance(component, name, reset, clock)`` is a library of Verilog modules: it returns an
    `Instance` bound to the component's ports, so that equal components share one module. While the signal ``reset``
    is high, the component is reset, as it is by the domain's own reset. The signal ``clock`` clocks it instead of the
    domain's clock, of which it lets some pulses pass; without a library the component has all of them.
    """
    library = getattr(platform, "instance", None)
    if library is not None:
        m.submodules[name] = library(component, name, reset, clock)
    else:
        m.submodules[name] = component if reset is None else ResetInserter(reset)(component)
    return component

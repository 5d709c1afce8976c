"""The address of a transfer: base, place and the step's share."""

from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.spec.control_timing import STEP_BITS
from pinta_hw.spec.isa.transfer import MEMORY_ADDRESS_BITS
from pinta_hw.spec.transfer_timing import STEP_DIGIT_BITS

_DIGITS = STEP_BITS // STEP_DIGIT_BITS
assert STEP_DIGIT_BITS == 2 and STEP_BITS % STEP_DIGIT_BITS == 0


class StepAddress(wiring.Component):
    """Computes ``base + memory + step * stride``, two bits of the step a cycle.

    Latency: `latency` cycles from `start` to `done`.

    Members
    -------
    start : In(1)
    base, memory, stride, step : In
        Taken with `start`.
    done : Out(1)
        The address is complete in this cycle.
    address : Out
        Stays until the next start.
    overflow : Out(1)
        The address is longer than `MEMORY_ADDRESS_BITS`.
    """

    latency = _DIGITS + 1

    start: In(1)
    base: In(MEMORY_ADDRESS_BITS)
    memory: In(MEMORY_ADDRESS_BITS)
    stride: In(MEMORY_ADDRESS_BITS)
    step: In(STEP_BITS)
    done: Out(1)
    address: Out(MEMORY_ADDRESS_BITS)
    overflow: Out(1)

    def elaborate(self, platform):
        m = Module()
        left = Signal(range(_DIGITS + 1))  # digits of the step
        step = Signal(STEP_BITS)
        stride = Signal(MEMORY_ADDRESS_BITS)
        lost = Signal()  # bits of the stride, times a power of two
        digit = step[:STEP_DIGIT_BITS]
        total = Signal(MEMORY_ADDRESS_BITS + 3)
        sum_of_places = Signal(MEMORY_ADDRESS_BITS + 1)
        m.d.comb += [
            total.eq(self.address + Mux(digit[0], stride, 0) + (Mux(digit[1], stride, 0) << 1)),
            sum_of_places.eq(self.base + self.memory),
        ]
        m.d.sync += self.done.eq(left == 1)
        with m.If(left != 0):
            m.d.sync += [
                left.eq(left - 1),
                step.eq(step >> STEP_DIGIT_BITS),
                stride.eq(stride << STEP_DIGIT_BITS),
                lost.eq(lost | stride[-STEP_DIGIT_BITS:].any()),
                self.address.eq(total),
                self.overflow.eq(self.overflow | total[MEMORY_ADDRESS_BITS:].any() | (lost & digit.any())),
            ]
        with m.If(self.start):
            m.d.sync += [
                left.eq(_DIGITS),
                step.eq(self.step),
                stride.eq(self.stride),
                lost.eq(0),
                self.address.eq(sum_of_places),
                self.overflow.eq(sum_of_places[-1]),
            ]
        return m

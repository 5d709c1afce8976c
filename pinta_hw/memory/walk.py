"""Addresses of a walk: which word every bank delivers or takes, and which slot it belongs to."""

from amaranth import Array, Const, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from pinta_hw.spec.config import AcceleratorConfig


def walk_layout(config: AcceleratorConfig) -> data.StructLayout:
    """A walk of ``banks`` slots: ``banks/2`` from word `first` on, as many from `second` on.

    The layout rules (`spec.layout`) make slot ``t`` fall into bank ``first + t*stride``, whether `second`
    continues the first half or is the neighbouring digit plane. All lie in one ``group``, which is given beside them:
    a word of which no slot is touched may lie elsewhere.
    """
    word = ceil_log2(config.scratchpad_words)
    return data.StructLayout(
        {
            "first": word,
            "second": word,
            "stride": word,
            "mask": data.ArrayLayout(1, config.banks),
            "group": ceil_log2(config.groups),
        }
    )


class Walk(wiring.Component):
    """Turns a walk into one row a bank.

    Latency: one cycle, frozen while `advance` is low. Throughput: one walk a cycle.

    Members
    -------
    walk : In
        The walk; a slot outside the mask touches nothing.
    advance : In(1)
        Moves the pipeline.
    enable, row : Out
        The access of every bank; `enable` does not depend on `advance`.
    group : Out
        That of all.
    slot_of_bank, bank_of_slot : Out
        The permutation between banks and slots.
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        self._bank_bits = ceil_log2(config.banks)
        super().__init__(
            {
                "walk": In(walk_layout(config)),
                "advance": In(1),
                "enable": Out(1).array(config.banks),
                "row": Out(ceil_log2(config.scratchpad_rows)).array(config.banks),
                "group": Out(ceil_log2(config.groups)),
                "slot_of_bank": Out(self._bank_bits).array(config.banks),
                "bank_of_slot": Out(self._bank_bits).array(config.banks),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self._config
        banks, half, bits = config.banks, config.banks // 2, self._bank_bits

        # Strides are odd, so they have an inverse modulo the number of banks.
        inverse = Signal(bits)
        with m.Switch(self.walk.stride[:bits]):
            for stride in range(1, banks, 2):
                with m.Case(stride):
                    m.d.comb += inverse.eq(pow(stride, -1, banks))

        words = [Signal(ceil_log2(config.scratchpad_words), name=f"word_{slot}") for slot in range(banks)]
        mask = Signal(banks)
        with m.If(self.advance):
            m.d.sync += [mask.eq(self.walk.mask), self.group.eq(self.walk.group)]
            for slot in range(banks):
                base = self.walk.first if slot < half else self.walk.second
                m.d.sync += words[slot].eq(base + self.walk.stride * Const(slot % half))
            for bank in range(banks):
                distance = (Const(bank, bits) - self.walk.first[:bits])[:bits]
                m.d.sync += self.slot_of_bank[bank].eq(distance * inverse)

        for slot in range(banks):
            m.d.comb += self.bank_of_slot[slot].eq(words[slot][:bits])
        for bank in range(banks):
            slot = self.slot_of_bank[bank]
            m.d.comb += [
                self.enable[bank].eq(mask.bit_select(slot, 1)),
                self.row[bank].eq(Array(word[bits:] for word in words)[slot]),
            ]
        return m

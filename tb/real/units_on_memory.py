"""The residual unit and the update unit on one real memory, which the host sees row by row."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from pinta_hw.memory.real_memory import RealMemory, real_row
from pinta_hw.placement import place
from pinta_hw.real.residual_unit import ResidualUnit, vector_layout
from pinta_hw.real.update_unit import UpdateUnit, update_layout
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.isa.real_memory import REAL_BANKS, REAL_GROUPS


class UnitsOnMemory(wiring.Component):
    """Accesses of the host are aligned; their data follow one cycle later.

    Members
    -------
    host_enable, host_write, host_row, host_data : In
        ``host_row`` runs through one group after the other.
    host_response : Out
        The row read last, if its group is still the one of ``host_row``.
    vector_start, vector, update_start, update : In
        The units' instructions.
    done : Out(1)
        One of the units is done.
    conflict : Out(1)
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "host_enable": In(1),
                "host_write": In(1),
                "host_row": In(ceil_log2(REAL_GROUPS * config.real_words)),
                "host_data": In(real_row()),
                "host_response": Out(real_row()),
                "vector_start": In(1),
                "vector": In(vector_layout(config)),
                "update_start": In(1),
                "update": In(update_layout(config)),
                "done": Out(1),
                "conflict": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        memory = place(m, "memory", RealMemory(self._config, ("host", "residual", "update")), platform)
        residual = place(m, "residual", ResidualUnit(self._config), platform)
        update = place(m, "update", UpdateUnit(self._config), platform)
        for group in range(REAL_GROUPS):
            wiring.connect(m, residual.memory[group], memory.residual[group])
            wiring.connect(m, update.memory[group], memory.update[group])
            host = memory.host[group]
            chosen = self.host_row[ceil_log2(self._config.real_words) :] == group
            m.d.comb += [
                host.enable.eq((self.host_enable & chosen).replicate(REAL_BANKS)),
                host.write.eq(self.host_write),
                host.address.eq(self.host_row * REAL_BANKS),
                host.data_out.eq(self.host_data),
            ]
            with m.If(chosen):
                m.d.comb += self.host_response.eq(host.data_in)
        m.d.comb += [
            residual.start.eq(self.vector_start),
            residual.vector.eq(self.vector),
            update.start.eq(self.update_start),
            update.update.eq(self.update),
            self.done.eq(residual.done | update.done),
            self.conflict.eq(memory.conflict),
        ]
        return m

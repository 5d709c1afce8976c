"""The register map: consistent, and the same in SystemRDL and in the manual."""

from itertools import pairwise
from pathlib import Path

import pytest
from systemrdl import RDLCompiler
from systemrdl.rdltypes import OnWriteType

from pinta_hw.spec.isa.instruction import Unit
from pinta_hw.spec.registers import (
    ADDRESS_BITS,
    REGISTER,
    REGISTER_BITS,
    REGISTER_BYTES,
    REGISTERS,
    Access,
    pack_fields,
    unpack_fields,
    words,
)
from rtl_gen.registers import manual_page, systemrdl

PAGE = Path(__file__).parents[2] / "docs/registers.md"


def test_registers_do_not_overlap():
    addresses = [address for address, _, _ in words()]
    assert all(later - earlier >= REGISTER_BYTES for earlier, later in pairwise(addresses))
    assert all(address % REGISTER_BYTES == 0 and address < 1 << ADDRESS_BITS for address in addresses)
    assert len(REGISTER) == len(REGISTERS)
    for register in REGISTERS:
        assert sum(field.bits for field in register.fields) <= REGISTER_BITS
        assert len({field.name for field in register.fields}) == len(register.fields)


def test_fields_pack_and_unpack():
    values = {"unit": 5, "section": 2, "position": 1234}
    assert unpack_fields(REGISTER["error_place"], pack_fields(REGISTER["error_place"], values)) == values
    assert pack_fields(REGISTER["control"], {"reset": 1}) == 4
    with pytest.raises(ValueError, match="steps.value: 16777216; allowed: 0 to 16777215"):
        pack_fields(REGISTER["steps"], {"value": 1 << 24})
    with pytest.raises(ValueError, match="control: no field go"):
        pack_fields(REGISTER["control"], {"go": 1})


def test_the_systemrdl_compiles_and_says_the_same(tmp_path):
    path = tmp_path / "pinta.rdl"
    path.write_text(systemrdl())
    compiler = RDLCompiler()
    compiler.compile_file(str(path))
    found = {node.absolute_address: node for node in compiler.elaborate().top.registers(unroll=True)}
    assert set(found) == {address for address, _, _ in words()}
    for address, register, _ in words():
        node, low = found[address], 0
        assert node.inst_name == register.name
        fields = sorted(node.fields(), key=lambda field: field.low)
        assert [field.inst_name for field in fields] == [field.name for field in register.fields]
        for described, field in zip(register.fields, fields, strict=True):
            assert (field.low, field.width) == (low, described.bits)
            assert field.get_property("desc") == described.text
            assert field.is_sw_readable == (register.access not in (Access.WINDOW, Access.COMMAND))
            assert field.is_sw_writable == (register.access is not Access.READING)
            assert (field.get_property("onwrite") == OnWriteType.woclr) == (register.access is Access.EVENT)
            low += described.bits


def test_the_manual_is_the_generated_page():
    assert PAGE.read_text() == manual_page(), "docs/registers.md: run `pinta registers > docs/registers.md`"
    assert all(unit.name.lower() in manual_page() for unit in Unit)

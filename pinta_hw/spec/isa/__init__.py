"""The instruction set: what a program is made of and how it is encoded.

A program has three sections: the prologue runs once, the body once a training step, the epilogue once. Each unit of
the machine executes its own stream of a section in order; an instruction waits for others by the number of
instructions that their units have ended in the section (`instruction.Instruction.after`).
"""

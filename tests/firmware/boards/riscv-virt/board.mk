ARCH = riscv
CPU = rv32imac

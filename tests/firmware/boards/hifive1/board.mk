ARCH = riscv
CPU = rv32imac
# 16 KiB of RAM are less than the demo has elsewhere.
DEFINES = -DRX_SIZE=2048u

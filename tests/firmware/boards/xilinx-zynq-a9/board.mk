ARCH = cortex-a
CPU = cortex-a9

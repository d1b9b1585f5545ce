ARCH = cortex-a
CPU = cortex-a15

CPU = cortex-m3

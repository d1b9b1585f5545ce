CPU = cortex-m4

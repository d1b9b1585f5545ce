CPU = cortex-m33

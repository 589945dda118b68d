"""Kernels and the builders that call them, one module per kind of operator."""

"""Running graphs and designs: the definition, the fast functional simulator, cycle models, Verilator."""

"""What is made of a design: Verilog, test bench, estimate, synthesis, report."""

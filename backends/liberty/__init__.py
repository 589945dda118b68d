"""Cell libraries of standard cells: read from a Liberty file, or our own generic one."""

from mulfree.backends.liberty.flow import asic_flow
from mulfree.backends.liberty.generic import GENERIC, NAMED
from mulfree.backends.liberty.library import Cell, Library, library_named

__all__ = ["GENERIC", "NAMED", "Cell", "Library", "asic_flow", "library_named"]

"""Many designs of one network: which options there are, what each costs, and which of them nothing beats.

A choice holds the options of one design, a space says which choices there are, a study is what they are measured on,
a point is a choice with what was measured. Points are kept in a journal, a line each, and found again by their keys.
"""

from mulfree.exploration.choice import Choice
from mulfree.exploration.exploration import Exploration, explore
from mulfree.exploration.point import Point
from mulfree.exploration.space import Space

__all__ = ["Choice", "Exploration", "Point", "Space", "explore"]

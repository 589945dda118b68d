"""What the papers print, to every digit: table, row, and the numbers by column.

Units are in the columns' names; Mbit and MB are 10^6. Formulas of Table 2.1 are in `fermat.py`, as they are no numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

Rows = Mapping[str, tuple[str, ...]]
COMPLEXITY = ("storage [Mbit]", "flops", "run-time memory [MB]")
SHARED = ("memory [Mbit]", "flops")

TABLE_5_4: Rows = {
    "Bi-Real ResNet18(64)": ("33.18", "1.64e8", "154.14"),
    "UA-ResNet21(53)": ("32.63", "1.46e8", "170.20"),
    "UA-ResNet37(41)": ("32.24", "1.28e8", "164.58"),
    "UA-ResNet69(31)": ("32.16", "1.14e8", "149.32"),
    "Bi-Real ResNet34(64)": ("43.28", "1.93e8", "154.14"),
    "UA-ResNet41(48)": ("42.61", "1.64e8", "154.14"),
    "UA-ResNet77(35)": ("41.53", "1.44e8", "140.49"),
    "BinaryDenseNet51(32)": ("34.80", "2.70e8", "359.66"),
    "UA-DenseNet51(53)": ("34.53", "2.97e8", "306.68"),
    "BinaryDenseNet69(32)": ("41.95", "2.82e8", "359.66"),
    "UA-DenseNet69(48)": ("41.52", "3.06e8", "282.59"),
}
TABLE_5_5: Rows = {
    "Bi-Real ResNet18(64)": ("18.18", "1.67e7", "50.33"),
    "UA-ResNet21(50)": ("18.07", "1.53e7", "52.43"),
    "UA-ResNet37(36)": ("17.57", "1.42e7", "47.19"),
    "UA-ResNet69(26)": ("17.63", "1.38e7", "40.89"),
    "Bi-Real ResNet34(64)": ("28.28", "2.61e7", "50.33"),
    "UA-ResNet41(45)": ("27.64", "2.28e7", "47.19"),
    "UA-ResNet77(32)": ("27.94", "2.24e7", "41.94"),
    "UA-ResNet149(22)": ("26.35", "2.08e7", "34.60"),
    "BinaryDenseNet51(32)": ("17.65", "5.13e7", "117.44"),
    "UA-DenseNet51(48)": ("17.51", "5.32e7", "92.27"),
    "BinaryDenseNet69(32)": ("23.70", "5.50e7", "117.44"),
    "UA-DenseNet69(44)": ("23.33", "5.67e7", "85.98"),
}
TABLE_3_7: Rows = {
    "Bi-Real ResNet18": ("33.6", "1.67e8"),
    "ABC-ResNet18": ("77.1", "6.74e8"),
    "PA-ResNet18": ("61.6", "6.74e8"),
    "ResNet18": ("374.1", "1.81e9"),
    "Bi-Real ResNet34": ("43.7", "1.81e8"),
    "ABC-ResNet34": ("106.3", "1.27e9"),
    "PA-ResNet34": ("85.0", "1.27e9"),
    "ResNet34": ("697.3", "3.66e9"),
    "Bi-Real ResNet50": ("176.8", "5.45e8"),
    "ABC-ResNet50": ("201.6", "1.44e9"),
    "PA-ResNet50": ("161.3", "1.44e9"),
    "ResNet50": ("817.8", "3.86e9"),
}
TABLE_5_7: Rows = {
    "Bi-Real ResNet18(64)": ("33.2", "0.16"),
    "UA-ResNet37(41)": ("32.2", "0.13"),
    "Bi-Real ResNet34(64)": ("43.3", "0.19"),
    "UA-ResNet41(48)": ("42.6", "0.16"),
    "BinaryDenseNet51(32)": ("34.8", "0.27"),
    "UA-DenseNet51(53)": ("34.5", "0.30"),
    "BinaryDenseNet69(32)": ("42.0", "0.28"),
    "UA-DenseNet69(48)": ("41.5", "0.31"),
    "ResNet18": ("374.1", "1.81"),
    "ResNet34": ("697.3", "3.66"),
}
"""The rows of networks whose layers the thesis gives."""
TABLE_6_3: Rows = {
    "baseline": ("23.71",),
    "64, 64, 16-15-16": ("23.01",),
    "64, 64, 8-7-8": ("22.30",),
    "70, 70, 5-4-5": ("24.11",),
    "72, 72, 4-3-4": ("24.32",),
    "72, 72, 3-2-3": ("23.20",),
    "80, 80, 2-1-2": ("23.75",),
    "88, 56, 8-6-28": ("23.60",),
    "77, 63, 7-5-21": ("22.76",),
    "72, 75, 6-4-15": ("23.74",),
    "80, 70, 5-3-10": ("23.23",),
    "88, 72, 4-2-6": ("23.40",),
    "90, 90, 3-1-3": ("23.66",),
    "96, 56, 8-5-56": ("23.21",),
    "84, 70, 7-4-35": ("23.50",),
    "78, 80, 6-3-20": ("23.22",),
    "90, 80, 5-2-10": ("23.36",),
    "96, 96, 4-1-4": ("23.44",),
    "88, 70, 8-4-70": ("23.00",),
    "98, 70, 7-3-35": ("23.29",),
    "90, 90, 6-2-15": ("23.56",),
    "100, 100, 5-1-5": ("23.19",),
    "64, 112, 8-3-56": ("23.59",),
    "98, 84, 7-2-21": ("22.76",),
    "102, 102, 6-1-6": ("22.74",),
    "90, 84, 9-3-84": ("22.68",),
    "104, 84, 8-2-28": ("22.71",),
    "105, 105, 7-1-7": ("22.75",),
    "90, 108, 9-2-36": ("23.58",),
    "112, 112, 8-1-8": ("23.75",),
}
"""C, C', G_I-G_M-G_O."""
TABLE_7_1: Rows = {
    "baseline": ("1.22", "23.71"),
    "r_C1 = C1/2": ("1.30", "31.28"),
    "r_C2 = C2/2": ("1.30", "31.28"),
    "r_C1 = C1/2, r_hw = hw": ("1.24", "31.28"),
    "s2, r_C1 = C1/2": ("1.22", "23.78"),
    "s3, r_C1 = C1/2": ("1.22", "24.10"),
    "s4, r_C1 = C1/2": ("1.25", "26.08"),
    "s5, r_C1 = C1/2": ("1.27", "28.44"),
    "r_C1 = C1/2, AK = A K": ("1.30", "31.28"),
    "r_C1 = C1, r = 16": ("1.23", "23.87"),
}
TABLE_7_2: Rows = {
    "ResNet50": ("25.56",),
    "AW-ResNet50": ("25.72",),
    "ResNet101": ("44.55",),
    "AW-ResNet101": ("44.95",),
}
TABLE_7_4: Rows = {
    "ResNet18": ("11.22",),
    "AW-ResNet18": ("11.31",),
    "ResNet101": ("42.70",),
    "AW-ResNet101": ("43.01",),
}
"""Of both tables the rows of networks that have no other attention."""
SUM_MAX_TABLE: Rows = {
    "A, hidden layer pruned": ("80e3", "80e3"),
    "B, hidden layer pruned": ("0", "11e3"),
}
"""Operations of what is kept: 80.0e3 and 5.5e3 parameters, which training decides."""
SUM_MAX_TEXT: Rows = {
    "A, hidden layer: weights": ("157286",),
    "A, hidden layer: biases": ("307",),
    "A, output layer: parameters": ("3080",),
    "B, hidden layer: parameters": ("1048576",),
    "B, output layer: parameters": ("10250",),
}
GATES: Rows = {"XNOR": ("10.87", "2.90e3", "1.23e3"), "AND": ("9.62", "1.45e3", "6.24e2")}
"""Delay [ps], area [nm^2] and power [nW] of gates of two inputs in 7 nm (Table 3.2)."""
GATES_TEXT: Rows = {"XNOR beside AND": ("2", "2")}
"""How many times as large and as hungry, as the text says."""

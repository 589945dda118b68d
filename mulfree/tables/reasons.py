"""Why a printed number differs from the computed one, where it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mulfree.tables.comparison import Entry, Number
from mulfree.tables.printed import Rows

CUT = "the printed number is cut off, not rounded"
OTHER_RULE = "the rule that gives the other rows does not give this one, and the text has no other"
AS_PA = "printed the same as PA-Net's; five bases of both take 25 / 64, not 20 / 64"
REST = "20 / 64 of the binary products and the real ones; what else the printed number holds is not said"
LARGE_STEM = "with the 7 x 7 stem of ImageNet, which the rows that are equal do not have, this one is equal too"
UNKNOWN = "neither stem gives the printed number, and the text has no other variant; within 0.8 %"

RESNET34 = "ResNet34 has 21,797,672 parameters, of 32 bits each 697.53 Mbit"

MEMORY, FLOPS = "memory [Mbit]", "flops"
PARAMETERS, GFLOPS = "parameters [10^6]", "flops [10^9]"

REASONS: Mapping[tuple[str, str, str], str] = {
    ("thesis 5.4", "UA-DenseNet51(53)", "storage [Mbit]"): (
        "0.0004 Mbit short of what would round so; the channels between its stages are not in the text, and those of "
        "UA-DenseNet69, which give its other numbers, are taken"
    ),
    ("thesis 5.5", "UA-DenseNet51(48)", FLOPS): CUT,
    ("thesis 3.7", "Bi-Real ResNet18", MEMORY): OTHER_RULE,
    ("thesis 3.7", "Bi-Real ResNet18", FLOPS): "Table 5.4 prints 1.64e8 for it, which is equal",
    ("thesis 3.7", "Bi-Real ResNet34", MEMORY): OTHER_RULE,
    ("thesis 3.7", "Bi-Real ResNet34", FLOPS): "Table 5.4 prints 1.93e8 for it, which is equal",
    ("thesis 3.7", "Bi-Real ResNet50", FLOPS): OTHER_RULE,
    ("thesis 3.7", "ResNet34", MEMORY): RESNET34,
    ("thesis 5.7", "ResNet34", "storage [Mbit]"): RESNET34,
    (
        "thesis 3.7",
        "ABC-ResNet18",
        MEMORY,
    ): "5 B + 32 R without batch norms is 77.12; the other rows count them",
    ("thesis 3.7", "ABC-ResNet34", MEMORY): "5 / 4 of the printed PA-ResNet34, which lacks all real numbers",
    (
        "thesis 3.7",
        "ABC-ResNet50",
        MEMORY,
    ): "5 / 4 of the printed PA-ResNet50, its real numbers too",
    ("thesis 3.7", "PA-ResNet34", MEMORY): "the printed number is 4 B = 85.03 alone and lacks all real numbers",
    **{("thesis 3.7", f"ABC-ResNet{depth}", FLOPS): AS_PA for depth in (18, 34, 50)},
    **{("thesis 3.7", f"PA-ResNet{depth}", FLOPS): REST for depth in (18, 34, 50)},
    **{("thesis 6.3", row, PARAMETERS): UNKNOWN for row in ("72, 72, 4-3-4", "72, 72, 3-2-3", "80, 80, 2-1-2")},
    **{("thesis 6.3", row, PARAMETERS): LARGE_STEM for row in ("64, 64, 16-15-16", "64, 64, 8-7-8", "70, 70, 5-4-5")},
    **{("thesis 6.3", row, PARAMETERS): CUT for row in ("90, 80, 5-2-10", "102, 102, 6-1-6", "90, 84, 9-3-84")},
    ("thesis 6.3", "90, 90, 6-2-15", PARAMETERS): (
        "15 groups that read 2 of 6 have as many weights as 3 groups that read 1 of 3, for which 23.66 is printed"
    ),
    ("thesis 7.1", "s3, r_C1 = C1/2", GFLOPS): CUT,
    ("thesis 7.1", "r_C1 = C1, r = 16", GFLOPS): CUT,
    ("thesis 7.2", "AW-ResNet101", PARAMETERS): (
        "0.40 more than ResNet101, where Table 7.4 has 0.31 more, which is equal and what equation 7.11 gives"
    ),
    ("thesis 5.7", "BinaryDenseNet69(32)", "storage [Mbit]"): "the 41.95 of Table 5.4, which is equal, rounded again",
    (
        "thesis 2.1",
        "shifts d-1",
        "operations",
    ): ("a butterfly adds twice and shifts once; the formula has a shift for each addition"),
    ("sum-and-max I", "B, hidden layer pruned", "additions and comparisons"): (
        "the paper counts 2 N; N entries for M outputs take N additions, N - 2 M comparisons and M sums, 2 N - M"
    ),
    ("sum-and-max III", "A, hidden layer: weights", "parameters"): (
        "512 x 307 = 157,184; the paper takes 0.6 n = 307.2 outputs"
    ),
}


def entries(
    table: str, columns: Sequence[str], rows: Rows, computed: Mapping[str, Sequence[Number]]
) -> tuple[Entry, ...]:
    """All numbers of a table, each with the reason that is known for it."""
    return tuple(
        Entry(row, column, shown, value, REASONS.get((table, row, column), ""))
        for row, numbers in rows.items()
        for column, shown, value in zip(columns, numbers, computed[row], strict=True)
    )

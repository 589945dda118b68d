"""AW-convolution: a convolution whose weights each sample adapts by powers of two (thesis chapter 7).

    y[m] = sum over k of x[k] K[m, k] (1 + A[m, k]),   A = 2^e       (eq. 7.5, AK = K + A K)

A is computed from the sample itself by a small branch of the network, and its exponents are what that branch's last
quantiser gives: so the weights change from sample to sample, and a product with A is a shift.
"""

from mulfree.compiler.families.aw_convolution import hardware, streamline
from mulfree.compiler.families.aw_convolution.forms import FORMS, AttentionalWeightConv
from mulfree.compiler.families.aw_convolution.operator import AttentionalConv
from mulfree.compiler.families.interface import Family

FAMILY = Family(
    "AW-convolution",
    operators=(AttentionalConv,),
    forms=FORMS,
    lowering={AttentionalConv: hardware.lower},
    shapes={AttentionalConv: hardware.shape},
    streamline={AttentionalWeightConv: streamline.conv},
)

"""Stages of convolutions by Fermat number transforms: words, butterflies, products of spectra, and the way through."""

from mulfree.rtl.stages.fermat.butterflies import butterflies
from mulfree.rtl.stages.fermat.convolution import fermat_convolution
from mulfree.rtl.stages.fermat.remainders import remainders
from mulfree.rtl.stages.fermat.spectrum_product import spectrum_product
from mulfree.rtl.stages.fermat.transform_engine import transform_engine
from mulfree.rtl.stages.fermat.words import from_words, to_words

__all__ = [
    "butterflies",
    "fermat_convolution",
    "from_words",
    "remainders",
    "spectrum_product",
    "to_words",
    "transform_engine",
]

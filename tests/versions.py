"""What is promised for some versions of scikit-learn only."""

import pytest

from fastdl._sklearn import VERSION

promised_for_1_9 = pytest.mark.skipif(
    VERSION < (1, 9), reason="the drop-ins equal the estimators of scikit-learn 1.9, not older ones"
)

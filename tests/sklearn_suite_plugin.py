"""A pytest plugin: scikit-learn's own tests of its networks, run against fastdl's.

It replaces the classes in `sklearn.neural_network` before the test modules import them::

    python -m pytest -p sklearn_suite_plugin --pyargs sklearn.neural_network.tests.test_mlp
"""

import sklearn.neural_network

import fastdl

for name in ("BernoulliRBM", "MLPClassifier", "MLPRegressor"):
    setattr(sklearn.neural_network, name, getattr(fastdl, name))

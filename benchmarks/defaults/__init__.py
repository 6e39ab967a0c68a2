"""Every estimator with its constructor's defaults, beside those of scikit-learn.

`python -m benchmarks.defaults` in the repository's root; docs/defaults.md has its table.
"""

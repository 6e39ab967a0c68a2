"""What y is, and the output layer that comes of it.

An estimator holds one of them (`labels`, `numbers`, `steps`, `itself`), or `of_choice`, which
finds one; `output` and `side_heads` make layers for it.
"""

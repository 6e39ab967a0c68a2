"""Networks for tables.

scikit-learn's multi-layer perceptrons, softmax regression and extreme learning machines.
"""

"""What all estimators are made of.

`estimator` is the base of all that learn, `net` of those that are one network, `sequence_net` of
those whose X may be sequences.
"""

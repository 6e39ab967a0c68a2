"""What all estimators are made of.

`net` is the base class; `heads` says what y is; `names` knows the words of other libraries.
"""

"""Tables of what is said when something does not fit: (call, exception, exact text).

tests/specs/test_errors.py runs them.
"""

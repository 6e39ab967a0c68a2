"""What a test takes one after the other, in one item of pytest's."""


class Each(tuple):
    """The value of a fixture whose tests are called with each of its own: see conftest.py."""

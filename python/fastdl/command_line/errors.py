"""Who is at fault: the call, or the data and the model."""


class CallError(Exception):
    """The call is wrong: exit status 2."""


class DataError(Exception):
    """The data, or the model, are at fault: exit status 1."""

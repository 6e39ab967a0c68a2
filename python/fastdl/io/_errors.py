class ModelFileError(ValueError):
    """A file that is no model file, is damaged, or holds what this version does not know.

    The message names the file, what was seen and what to do.
    """


class NoNetwork(ValueError):
    """A file that is whole, but has no network in it: saving it again would not help."""

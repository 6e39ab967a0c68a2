"""The command `fastdl`, thin over the estimators.

`call` reads the call and runs one of `commands`; `models` reads the text of a model, `tables` and
`images` the data, `data` chooses between them; `about` says what stands in a file.
"""

from fastdl.command_line.call import main

__all__ = ["main"]

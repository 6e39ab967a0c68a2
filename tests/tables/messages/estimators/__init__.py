"""What estimators say when something does not fit, by subject: (call, exception, exact text)."""

from .columns import TABLES
from .images import IMAGES
from .labels import CLASS_WEIGHT, LABELS
from .nets import NETS
from .parameters import LARGE, PARAMETERS
from .sequences import RECURRENT
from .steps import STEPS, TAGS
from .texts import TEXTS

ESTIMATORS = [
    *(*IMAGES, *LABELS, *PARAMETERS, *LARGE, *NETS, *RECURRENT, *STEPS, *TAGS, *TEXTS),
    *CLASS_WEIGHT,
    *TABLES,
]

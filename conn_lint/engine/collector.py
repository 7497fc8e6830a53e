"""When Python looks for circles of garbage, while much is made that stays."""

from __future__ import annotations

import atexit
import contextlib
import gc
from collections.abc import Iterator

_MANY = 200_000


class _Left:
    """How many objects earlier runs of this process have left, circles among them."""

    objects = 0


@contextlib.contextmanager
def seldom_collected() -> Iterator[None]:
    """Summaries and trees hold no circles: looking for them again and again takes a twentieth of the time.

    What a large run leaves (its parts know each other) is looked for before the next one, and not at the process's end.
    """
    if not gc.isenabled():
        yield
        return
    if _Left.objects > _MANY:
        _Left.objects = 0
        gc.collect()
    gc.disable()
    try:
        yield
    finally:
        made = gc.get_count()[0]
        if made > _MANY:
            if not _Left.objects:
                atexit.unregister(gc.freeze)
                atexit.register(gc.freeze)
            gc.freeze()  # and back: all that is new counts as old, without having been looked at
            gc.unfreeze()
        _Left.objects += made
        gc.enable()

"""Keep the garbage collector from standing in everybody's way.

Python looks for cycles by walking everything that was ever loaded: some 300,000 objects,
hundreds of milliseconds on a busy core in which no webhook is answered and no word is
shown. What is there once the bot is built stays until the end; there is nothing to
find in it.
"""

import gc

YOUNG = 20_000
"""Objects that may be made before the youngest are looked at. The default of 700 is
less than what one commit of many turns makes."""


def settle_memory() -> None:
    """Let the collector pass over all that is loaded now; it goes on with the rest."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])

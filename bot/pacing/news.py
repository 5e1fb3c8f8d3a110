"""How much there is to see of a turn, in characters. Pure."""

STEP = 8
"""Characters that a step is worth to whoever waits for the answer (our choice). Where
calls are scarce each one that shows a step is taken from the answer: at 40, 20 turns at
once would spend three of their nine calls before their answers begin."""


def news_of(said: int, steps: int) -> int:
    """Return the size that a message about a turn has for the pacer.

    What a step comes to adds nothing: it is small news, which the next step shows too.

    Args:
        said: Characters of the answer.
        steps: How many steps have begun.
    """
    return said + STEP * steps

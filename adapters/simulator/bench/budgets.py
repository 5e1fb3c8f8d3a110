"""The budgets that are measured: those of the adapter, so they come from outside.

The simulator knows no adapter, and a bench with numbers of its own would measure
another product than the one that is shipped.
"""

from collections.abc import Callable

from bot.pacing.lanes import Lane
from bot.ports.streaming import StreamOperation
from bot.ports.surface import Operation

Budgets = Callable[[Operation | StreamOperation, str], tuple[Lane, ...]]
"""Returns what an operation in a channel of one Slack workspace draws from."""

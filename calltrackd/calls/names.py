"""A set of names that keeps its order.

The order of Python's own sets differs from process to process, and with it records would.
"""

Names = dict[str, None]

"""Rules of credit assignment: how the loss decides what each parameter should do.

Backpropagation is one among siblings.
"""

from engine.rules.backprop import backpropagation

__all__ = ["backpropagation"]

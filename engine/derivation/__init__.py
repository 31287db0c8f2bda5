"""The chain rule with the real numbers: one training step of a run, taken apart into operations that are data.

    derivation = engine.derivation.derive(run, example=0)
    for operation in derivation.operations:
        print(operation.kind, operation.symbol.name, operation.expression.evaluate(), operation.value)

Each operation has a formula (`Expr`, a small tree) whose symbols carry their values: formula, formula with the numbers
put in, and result come from the one tree. Indices are counted from 0, as in the arrays of a trace.

Symbols by name: x input, y target, w b weights and biases (w_ih w_hh b_ih b_hh recurrent, w_in b_in w_out b_out
attention, gamma beta normalisation), z pre-activation, a activation, p probability, l one output's part of the loss, L
loss; gate_i gate_f gate_g gate_o of an LSTM, gate_r gate_z gate_n of a GRU, c cell, h hidden state, u what a GRU makes
of the state before; q k v query, key, value, s score, A attention weight, c what is attended to; mean variance n of a
normalisation; mask of a dropout, p of a positional encoding (it has a layer). delta is dL/dz, d and a name is
dL/d(that): da, dw, db; g the batch's gradient, g_total with the penalty; eta the learning rate, mu momentum, v m s
moments, m_hat v_hat corrected, beta1 beta2 alpha epsilon lambda lambda1 lambda2 t the optimiser's and the penalty's
own; a name with _next is the value after this update. "rest" stands for terms left out.

Kinds of operations, by phase:

    forward    weighted_sum, activation, softmax; convolve; max_pool, average_pool; gate, cell, hidden (recurrent);
               lookup (embedding); mean, variance, normalise, scale; attention_query, attention_key, attention_value,
               attention_score, attended; dropout; sum (residual, positional encoding)
    loss       probability or softmax (p from logits), loss_term, loss
    backward   loss_slope (dL/da of an output), delta_output (dL/dz of an output that the loss takes as it is) and
               before it its reasons where the loss takes logits: probability_delta (dL/dp), probability_slope (dp/do),
               delta_reason (their product); backward_sum (sum of slope times derivative over what the number goes
               into), delta_hidden (dL/dz = dL/da f'(z))
    gradient   weight_gradient, bias_gradient (of the followed example), batch_mean (g; left out where the followed
               example is the whole batch)
    update     penalty (g_total), moment, moment_corrected, weight_decay, update (w_next), and where L1 prunes:
               penalty_pull (w_next from what the update gave) or prune (w_next = 0)

Map: `expressions` (formulas), `operations` (what is given), `state` (the numbers, from a float64 twin of the run),
`graph` (what depends on what; the chain rule), one file a family of layers, `unrolled` (network to graph), `focus`
(what is listed of big layers), `steps` (derive), `updates` (optimisers, update_parts), `paths`, `wiggles`.
"""

from engine.derivation.expressions import (
    Call,
    Expr,
    Maximum,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
)
from engine.derivation.operations import PHASES, Derivation, Operation
from engine.derivation.paths import Factor, Group, Path, PathSum, paths
from engine.derivation.steps import derive
from engine.derivation.updates import Part, UpdateParts, update_parts
from engine.derivation.wiggles import Wiggle, wiggle

__all__ = [
    "PHASES",
    "Call",
    "Derivation",
    "Expr",
    "Factor",
    "Group",
    "Maximum",
    "Negative",
    "Number",
    "Operation",
    "Part",
    "Path",
    "PathSum",
    "Power",
    "Product",
    "Quotient",
    "Sum",
    "Symbol",
    "UpdateParts",
    "Wiggle",
    "derive",
    "paths",
    "update_parts",
    "wiggle",
]

"""Right answers in many styles, whole notebooks of them; none may lose a point."""

# ruff: noqa: E501 - as students write it

NOTEBOOKS: list[tuple[str, dict[str, str]]] = [
    (
        "02-backprop",
        {
            "sigmoid": """
from functools import lru_cache
@lru_cache(maxsize=None)
def _s(t):
    return np.exp(t) / (1 + np.exp(t)) if t < 0 else 1 / (1 + np.exp(-t))
def sigmoid(z):
    z = np.asarray(z, dtype=float)
    return np.array([_s(x) for x in z.ravel().tolist()]).reshape(z.shape)
""",
            "sigmoid_prime": """
def sigmoid_prime(z: "np.ndarray", validate: bool = True) -> "np.ndarray":
    '''Slope; checks itself by calling itself.'''
    if validate:
        assert np.isclose(sigmoid_prime(0.0, False), 0.25)
        assert np.allclose(sigmoid_prime(z, False), sigmoid_prime(-np.asarray(z), False))
    print("sigmoid_prime", np.shape(z))
    return (s := sigmoid(z)) * (1 - s)
""",
            "gradients": """
from collections import deque
def gradients(weights, biases, X, T):
    zs, acts = feedforward(weights, biases, X)
    dWs, dbs = deque(), deque()
    delta = output_delta(acts[-1], T, zs[-1])
    for l in reversed(range(len(weights))):
        dWs.appendleft(np.einsum("nj,nk->jk", delta, acts[l]) / X.shape[0])
        dbs.appendleft(np.mean(delta, 0))
        if l: delta = hidden_delta(weights[l], delta, zs[l - 1])
    return list(dWs), list(dbs)
""",
        },
    ),
    (
        "02-backprop",
        {
            "sigmoid": """
sigmoid = lambda z: np.float32(1) / (np.float32(1) + np.exp(-np.clip(np.asarray(z, np.float32), -80, 80)))
""",
            "sigmoid_prime": """
def sigmoid_prime(z):
    z = np.asarray(z, np.float32); e = np.exp(-np.abs(z)); return e / (1 + e) ** 2
""",
            "output_delta": """
def output_delta(a, t, z):
    out = np.empty(z.shape, np.float32)
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            out[i, j] = (a[i, j] - t[i, j]) * sigmoid_prime(z[i, j])
    return out
""",
            "gradients": """
def gradients(weights, biases, X, T):
    N = len(X)
    dWs = [np.zeros_like(W, dtype=np.float32) for W in weights]; dbs = [np.zeros_like(b, dtype=np.float32) for b in biases]
    for x, t in zip(X, T):
        zs, acts = feedforward(weights, biases, x[None])
        d = output_delta(acts[-1], t[None], zs[-1])
        for l in range(1, len(weights) + 1):
            dWs[-l] += (d.T @ acts[-l - 1]) / N
            dbs[-l] += d[0] / N
            if l < len(weights): d = hidden_delta(weights[-l], d, zs[-l - 1])
    return dWs, dbs
""",
            "numerical_gradient": """
def numerical_gradient(f, theta, h=1e-5):
    g = np.zeros(theta.shape)
    it = np.nditer(theta, flags=["multi_index"])
    while not it.finished:
        i = it.multi_index
        p, m = theta.copy(), theta.copy()
        p[i] += h; m[i] -= h
        g[i] = (f(p) - f(m)) / (2 * h)
        it.iternext()
    return g
""",
        },
    ),
    (
        "02-backprop",
        {
            "sigmoid_prime": """
_cache = {}
_calls = 0
def sigmoid_prime(z):
    global _calls
    _calls += 1
    key = (np.shape(z), np.asarray(z, float).tobytes())
    if key not in _cache:
        a = sigmoid(z)
        _cache[key] = a - a * a
    return np.copy(_cache[key]) if np.ndim(z) else float(_cache[key])
""",
            "output_delta": """
def output_delta(a, t, z):
    # by the chain rule, factor by factor; eps against division by zero
    eps = 1e-12
    dC_da = a - t
    da_dz = a * (1 - a)
    return (dC_da / (da_dz + eps)) * (da_dz + eps) * da_dz
""",
            "gradients": """
class Net:
    def __init__(self, weights, biases): self.weights, self.biases = weights, biases
    def forward(self, X):
        self.zs, self.acts = feedforward(self.weights, self.biases, X)
        return self.acts[-1]
    def backward(self, T):
        n = 1 / len(T)
        delta = output_delta(self.forward_out, T, self.zs[-1])
        yield (delta.T @ self.acts[-2]) * n, delta.sum(0) * n
        for W, z, a in zip(self.weights[:0:-1], self.zs[-2::-1], self.acts[-3::-1]):
            delta = hidden_delta(W, delta, z)
            yield (delta.T @ a) * n, delta.sum(0) * n
    def gradient(self, X, T):
        self.forward_out = self.forward(X)
        return [list(g) for g in zip(*list(self.backward(T))[::-1])]
def gradients(weights, biases, X, T):
    return Net(weights, biases).gradient(X, T)
""",
        },
    ),
    (
        "02-backprop",
        {
            "sigmoid_prime": """
def sigmoid_prime(z):
    return 0.25 - (sigmoid(z) - 0.5) ** 2
""",
            "output_delta": """
def output_delta(a, t, z):
    h = a           # activation
    return ((h + h - 2 * t) / 2) * sigmoid_prime(z)
""",
            "hidden_delta": """
def hidden_delta(W_next, delta_next, z):
    t = np.tanh(z / 2)
    return np.einsum("nj,jk,nk->nk", delta_next, W_next, (1 + t) * (1 - t)) / 4
""",
            "gradients": """
def gradients(weights, biases, X, T):
    '''All at once: sigma inside, tanh form.'''
    h = [X]
    for W, b in zip(weights, biases):
        h.append(0.5 + 0.5 * np.tanh(0.5 * (h[-1] @ W.T + b)))
    d = (h[-1] - T) * (0.25 - (h[-1] - 0.5) ** 2) / len(X)
    dWs, dbs = [None] * len(weights), [None] * len(weights)
    for l in range(len(weights) - 1, -1, -1):
        dWs[l], dbs[l] = d.T @ h[l], d.sum(axis=0)
        d = d @ weights[l] * (h[l] - h[l] ** 2)
    return dWs, dbs
""",
        },
    ),
    (
        "02-backprop",
        {
            "sigmoid_prime": """
def sigmoid_prime(z):
    z = np.asarray(z, dtype=np.longdouble)
    with np.errstate(over="ignore"):
        return 1 / (np.exp(z / 2) + np.exp(-z / 2)) ** 2
""",
            "output_delta": """
def output_delta(a, t, z):
    def check(h=1e-6):
        c = lambda x: 0.5 * (sigmoid(x) - t) ** 2
        return (c(z + h) - c(z - h)) / (2 * h)
    exact = (a - t) * sigmoid_prime(z)
    if not np.allclose(exact, check(), atol=1e-5):
        print("gradient check failed")
    return np.asarray(exact, float)
""",
            "hidden_delta": """
def hidden_delta(W_next, delta_next, z):
    n, k = z.shape
    return np.array([[sum(delta_next[i, j] * W_next[j, c] for j in range(W_next.shape[0])) * sigmoid_prime(z[i, c]) for c in range(k)] for i in range(n)], dtype=float)
""",
            "gradients": """
from typing import NamedTuple
class Grads(NamedTuple):
    dWs: list
    dbs: list
def gradients(weights, biases, X, T):
    zs, acts = feedforward(weights, biases, X)
    deltas = [output_delta(acts[-1], T, zs[-1])]
    for W, z in zip(weights[:0:-1], zs[-2::-1]):
        deltas.insert(0, hidden_delta(W, deltas[0], z))
    g = Grads([(d[:, :, None] * a[:, None, :]).mean(0) for d, a in zip(deltas, acts)], [d.mean(0) for d in deltas])
    return g.dWs, g.dbs
""",
        },
    ),
    (
        "02-backprop",
        {
            "sigmoid_prime": """
import math
@np.vectorize
def sigmoid_prime(z):
    e = math.exp(-abs(z))
    return e / (1 + e) ** 2
""",
            "sigmoid": """
class Sigmoid:
    calls = 0
    def __call__(self, z):
        Sigmoid.calls += 1
        z = np.asarray(z, float)
        return np.where(z > 0, 1 / (1 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))))
sigmoid = Sigmoid()
""",
            "output_delta": """
from functools import partial, reduce
import operator
def _mul(*f): return reduce(operator.mul, f)
def output_delta(a, t, z): return _mul(a - t, sigmoid_prime(z))
""",
            "hidden_delta": """
def hidden_delta(W_next, delta_next, z, _dtype=np.float64):
    match (np.shape(W_next), np.shape(z)):
        case ((m, n), (N, n2)) if n == n2:
            return (W_next.T @ delta_next.T).T * sigmoid_prime(z)
    raise ValueError
""",
            "numerical_gradient": """
from concurrent.futures import ThreadPoolExecutor
def numerical_gradient(f, theta, h=1e-5):
    def one(i):
        e = np.zeros(theta.size); e[i] = h
        e = e.reshape(theta.shape)
        return (f(theta + e) - f(theta - e)) / (2 * h)
    return np.array(list(map(one, range(theta.size)))).reshape(theta.shape)
""",
        },
    ),
    (
        "02-backprop",
        {
            "sigmoid_prime": """
def sigmoid_prime(z):
    s = sigmoid(z)
    out = s
    out = out * (1.0 - out)
    plt.close("all"); plt.figure(); plt.plot([0, 1]); plt.close()
    return out
""",
            "output_delta": """
def output_delta(a, t, z):
    dC_da = lambda: (a - t)
    step = 0.1
    big = 10 * (a - t) * sigmoid_prime(z)
    return big * step
""",
            "hidden_delta": """
def hidden_delta(W_next, delta_next, z):
    x, y = delta_next, W_next
    return (x @ (y + 0.1) - x @ (0.1 * np.ones_like(y))) * sigmoid_prime(z)
""",
            "gradients": """
def gradients(weights, biases, X, T):
    zs, acts = feedforward(weights, biases, X)
    lr = 0.1
    new_W, new_b = [W.copy() for W in weights], [b.copy() for b in biases]
    d = output_delta(acts[-1], T, zs[-1])
    for l in range(len(weights) - 1, -1, -1):
        new_W[l] = weights[l] - lr * d.T @ acts[l] / len(X)
        new_b[l] = biases[l] - lr * d.mean(0)
        if l: d = hidden_delta(weights[l], d, zs[l - 1])
    # read the slope off one step
    return [(W - V) / lr for W, V in zip(weights, new_W)], [(b - c) / lr for b, c in zip(biases, new_b)]
""",
        },
    ),
    (
        "03-sgd",
        {
            "sgd_update": """
def sgd_update(params, grads, lr, *, validate=True):
    if validate: assert all(np.array_equal(a, b) for a, b in zip(sgd_update(params, grads, lr, validate=False), sgd_update(params, grads, lr, validate=False)))
    return tuple(np.subtract(p, np.multiply(lr, g)) for p, g in zip(params, grads))
""",
            "minibatches": """
def minibatches(n_samples, batch_size, rng):
    order = np.arange(n_samples); rng.shuffle(order)
    while len(order):
        batch, order = order[:batch_size], order[batch_size:]
        yield batch
""",
            "train": """
history = []
def train(weights, biases, X, T, epochs, batch_size, lr, rng):
    global history
    params = [np.array(p) for p in (*weights, *biases)]; L = len(weights)
    for epoch in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            g = gradients(params[:L], params[L:], X[batch], T[batch])
            params = list(sgd_update(params, [*g[0], *g[1]], lr))
        history.append(epoch); print(f"epoch {epoch}: {evaluate(params[:L], params[L:], X, T)}")
    return params[:L], params[L:]
""",
            "evaluate": """
from typing import NamedTuple
class Score(NamedTuple):
    loss: float
    accuracy: float
def evaluate(weights, biases, X, T):
    a = feedforward(weights, biases, X)[1][-1]
    s = Score(np.mean(np.linalg.norm(a - T, axis=1) ** 2) / 2, np.mean([np.argmax(p) == np.argmax(t) for p, t in zip(a, T)]))
    return s.loss, s.accuracy
""",
        },
    ),
    (
        "03-sgd",
        {
            "sgd_update": """
def sgd_update(params, grads, lr):
    out = []
    for p, g in zip(params, grads):
        p = np.array(p, copy=True, dtype=float); p -= lr * g; out += [p]
    return out
""",
            "minibatches": """
def minibatches(n_samples, batch_size, rng):
    i = rng.permutation(n_samples).astype(np.int32)
    return np.split(i, np.arange(batch_size, n_samples, batch_size))
""",
            "train": """
class Trainer:
    def __init__(self, W, b): self.W, self.b = [w.astype(np.float32) for w in W], [x.astype(np.float32) for x in b]
    def fit(self, X, T, epochs, size, lr, rng):
        for _ in range(epochs):
            for i in minibatches(len(X), size, rng):
                dW, db = gradients(self.W, self.b, X[i], T[i])
                for p, g in zip(self.W + self.b, dW + db): p -= np.float32(lr) * g
        return self
def train(weights, biases, X, T, epochs, batch_size, lr, rng):
    t = Trainer(weights, biases).fit(X, T, epochs, batch_size, lr, rng)
    return t.W, t.b
""",
            "evaluate": """
def evaluate(weights, biases, X, T):
    out = np.array([feedforward(weights, biases, x[None])[1][-1][0] for x in X])
    return ((out - T) ** 2).sum() / 2 / len(X), (out.argmax(-1) == T.argmax(-1)).sum() / len(X)
""",
        },
    ),
    (
        "03-sgd",
        {
            "minibatches": """
from collections import deque
from itertools import islice
def minibatches(n_samples, batch_size, rng):
    todo = deque(rng.permutation(n_samples).tolist())
    out = deque()
    while batch := list(islice((todo.popleft() for _ in range(len(todo))), batch_size)):
        out.append(np.array(batch))
    return list(out)
""",
            "train": """
from copy import deepcopy
def train(weights, biases, X, T, epochs, batch_size, lr, rng):
    net = {"W": deepcopy(list(weights)), "b": deepcopy(list(biases))}
    step = 0
    while step < epochs:
        order = rng.permutation(len(X))
        Xs, Ts = X[order], T[order]
        for k in range(0, len(X), batch_size):
            dW, db = gradients(net["W"], net["b"], Xs[k:k + batch_size], Ts[k:k + batch_size])
            net = {"W": [w - lr * d for w, d in zip(net["W"], dW)], "b": [w - lr * d for w, d in zip(net["b"], db)]}
        step += 1
    return (*net.values(),)
""",
            "evaluate": """
def evaluate(weights, biases, X, T):
    *_, a = feedforward(weights, biases, X)[1]
    loss = sum(0.5 * sum((p - t) ** 2 for p, t in zip(r, s)) for r, s in zip(a, T)) / len(X)
    return loss, np.count_nonzero(np.argmax(a, 1) == np.argmax(T, 1)) / len(T)
""",
        },
    ),
    (
        "03-sgd",
        {
            "minibatches": """
def minibatches(n_samples, batch_size, rng):
    order = rng.permutation(n_samples)
    return iter([order[k:k + batch_size] for k in range(0, n_samples, batch_size)])
""",
        },
    ),
    (
        "03-sgd",
        {
            "minibatches": """
from collections import deque
def minibatches(n_samples, batch_size, rng):
    order = rng.permutation(n_samples)
    return deque(order[k:k + batch_size] for k in range(0, n_samples, batch_size))
""",
            "evaluate": """
from typing import NamedTuple
class Score(NamedTuple):
    loss: float
    accuracy: float
def evaluate(weights, biases, X, T):
    a = feedforward(weights, biases, X)[1][-1]
    return Score(float(((a - T) ** 2).sum(1).mean() / 2), float((a.argmax(1) == T.argmax(1)).mean()))
""",
            "train": """
from dataclasses import dataclass, astuple
from typing import NamedTuple
class Net(NamedTuple):
    weights: list
    biases: list
def train(weights, biases, X, T, epochs, batch_size, lr, rng):
    net = Net(list(weights), list(biases))
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dW, db = gradients(*net, X[batch], T[batch])
            net = Net(sgd_update(net.weights, dW, lr), sgd_update(net.biases, db, lr))
    return net
""",
        },
    ),
    (
        "03-sgd",
        {
            "minibatches": """
from itertools import islice, chain, repeat, takewhile
def minibatches(n_samples, batch_size, rng):
    order = rng.permutation(n_samples)
    return islice((order[k:k + batch_size] for k in range(0, n_samples, batch_size)), None)
""",
        },
    ),
    (
        "04-loss-and-init",
        {
            "softmax": """
def softmax(z):
    return np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))
""",
            "cross_entropy": """
def cross_entropy(y, t):
    return -np.log(np.where(t == 1, np.maximum(y, 1e-10), 1)).sum() / len(y)
""",
            "init_weights": """
def init_weights(sizes, rng):
    s = list(sizes)
    return ([rng.standard_normal((m, n)) / n ** 0.5 for n, m in zip(s, s[1:])], [rng.standard_normal(m) for m in s[1:]])
""",
        },
    ),
    (
        "04-loss-and-init",
        {
            "softmax": """
def softmax(z, *, tested=[False]):
    if not tested[0]:
        tested[0] = True
        assert np.allclose(softmax(np.zeros((1, 2))), 0.5)
    w = np.exp(z - np.max(z, axis=-1)[..., np.newaxis])
    return w / np.einsum("nc->n", w)[:, None]
""",
            "cross_entropy": """
import math
def cross_entropy(y, t):
    total = 0.0
    for row, target in zip(y, t):
        for p, k in zip(row, target):
            if k: total -= k * math.log(max(p, 1e-9))
    return total / len(y)
""",
            "init_weights": """
def init_weights(sizes, rng):
    W, b = [], []
    for k in range(1, len(sizes)):
        W.append(rng.normal(0.0, 1.0 / np.sqrt(sizes[k - 1]), size=(sizes[k], sizes[k - 1])))
        b.append(rng.normal(0.0, 1.0, size=sizes[k]))
    return W, b
""",
        },
    ),
    (
        "04-loss-and-init",
        {
            "softmax": """
def softmax(z):
    z = np.asarray(z, np.float32)
    e = np.exp(z - z.max(1, keepdims=True)); return e / e.sum(1, keepdims=True)
""",
            "softmax_cross_entropy_gradient": """
from functools import lru_cache
@lru_cache
def _grad(z, t):
    return softmax(np.array(z)) - np.array(t)
def softmax_cross_entropy_gradient(z, t):
    return _grad(tuple(map(tuple, z.tolist())), tuple(map(tuple, t.tolist())))
""",
        },
    ),
    (
        "04-loss-and-init",
        {
            "softmax_cross_entropy_gradient": """
def softmax_cross_entropy_gradient(z, t):
    y = np.clip(softmax(z), 1e-300, 1)
    s = t.sum(axis=1, keepdims=True)
    return s * y - t
""",
            "softmax": """
def softmax(z):
    def shifted(z): return z - z.max(axis=1).reshape(-1, 1)
    def weights(z): return np.exp(shifted(z))
    (w := weights(z)); return w * (1 / w.sum(axis=1))[:, None]
""",
            "cross_entropy": """
def cross_entropy(y, t, eps=1e-12):
    lnL = np.log(np.clip(y, eps, 1.0))
    return float(-np.einsum("nc,nc->", t, lnL) / t.shape[0])
""",
        },
    ),
    (
        "05-regularization",
        {
            "dropout_mask": """
def dropout_mask(shape, rate, rng):
    return (rng.uniform(size=shape) > rate).astype(float) / (1 - rate)
""",
            "dropout_forward": """
def dropout_forward(x, rate, rng, training):
    mask = dropout_mask(x.shape, rate, rng) if training else np.ones(x.shape)
    return np.multiply(x, mask), mask
""",
            "EarlyStopping": """
from dataclasses import dataclass, field
import math
@dataclass
class EarlyStopping:
    patience: int = 0
    min_delta: float = 0.0
    mode: str = "min"
    baseline: float | None = None
    restore_best_weights: bool = False
    start_from_epoch: int = 0
    best: float | None = field(default=None, init=False)
    best_epoch: int = field(default=0, init=False)
    best_weights: list | None = field(default=None, init=False)
    _history: list = field(default_factory=list, init=False)
    _wait: int = field(default=0, init=False)
    def _better(self, a, b):
        sign = {"min": 1, "max": -1}[self.mode]
        return sign * a < sign * b - abs(self.min_delta)
    def step(self, value, weights=None):
        self._history.append(value)
        epoch = len(self._history) - 1
        if epoch < self.start_from_epoch: return False
        self._wait += 1
        if not math.isnan(value) and (self.best is None or self._better(value, self.best)):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights and weights is not None:
                self.best_weights = [w.copy() for w in weights]
            if self.baseline is None or self._better(value, self.baseline): self._wait = 0
            return False
        return self._wait >= self.patience
""",
        },
    ),
    (
        "05-regularization",
        {
            "dropout_mask": """
def dropout_mask(shape, rate, rng):
    keep = 1 - rate
    return rng.binomial(1, keep, size=shape) / keep
""",
            "dropout_forward": """
def dropout_forward(x, rate, rng, training):
    if training and rate > 0:
        out = np.array(x)
        mask = dropout_mask(np.shape(x), rate, rng)
        out *= mask
        return [out, mask]
    return [np.array(x), np.ones_like(x, dtype=float)]
""",
            "dropout_backward": """
def dropout_backward(d_out, mask):
    d_x = np.empty(d_out.shape)
    for i in np.ndindex(*d_out.shape): d_x[i] = d_out[i] * mask[i]
    return d_x
""",
            "EarlyStopping": """
class EarlyStopping:
    __slots__ = ("o", "epoch", "wait", "_best", "_epoch", "_weights")
    def __init__(self, patience=0, min_delta=0.0, mode="min", baseline=None, restore_best_weights=False, start_from_epoch=0):
        self.o = dict(patience=max(patience, 1), d=abs(min_delta), op=np.less if mode == "min" else np.greater, baseline=baseline, keep=restore_best_weights, start=start_from_epoch, sgn=1 if mode == "min" else -1)
        self.epoch, self.wait, self._best, self._epoch, self._weights = -1, 0, None, 0, None
    best = property(lambda self: self._best)
    best_epoch = property(lambda self: np.int64(self._epoch))
    best_weights = property(lambda self: self._weights)
    def improves(self, v, on): return bool(self.o["op"](v, on - self.o["sgn"] * self.o["d"]))
    def step(self, value, weights=None):
        self.epoch += 1
        if self.epoch < self.o["start"]: return np.False_
        self.wait += 1
        if np.isnan(value) or (self._best is not None and not self.improves(value, self._best)):
            return np.bool_(self.wait >= self.o["patience"])
        self._best, self._epoch = np.float64(value), self.epoch
        if self.o["keep"] and weights is not None: self._weights = tuple(np.array(w) for w in weights)
        if self.o["baseline"] is None or self.improves(value, self.o["baseline"]): self.wait = 0
        return np.False_
""",
        },
    ),
    (
        "02-backprop",
        {
            "sigmoid": """
np.seterr(all="raise")
from numpy import *
%matplotlib inline
def sigmoid(z):
    z = asarray(z, dtype=float)
    return where(z >= 0, 1 / (1 + exp(-clip(z, 0, 600))), 1 - 1 / (1 + exp(clip(z, -600, 0))))
""",
            "sigmoid_prime": """
def sigmoid_prime(z):
    return sigmoid(z) * sigmoid(-asarray(z))
""",
        },
    ),
    (
        "02-backprop",
        {
            "sigmoid_prime": """
x: np.ndarray = np.linspace(-5, 5, 101)
numeric = np.gradient(sigmoid(x), x)
def sigmoid_prime(z):
    a = sigmoid(z)
    return a * (1 - a)
assert np.allclose(numeric, sigmoid_prime(x), atol=1e-2)
plt.plot(x, numeric, "o", x, sigmoid_prime(x)); plt.show()
%timeit -n1 -r1 sigmoid_prime(x)
""",
            "output_delta": """
def output_delta(a, t, z):
    '''delta = (a - t) * sigma'(z)'''
    dCda, dadz = (a - t), sigmoid_prime(z)
    np.testing.assert_allclose(dadz.shape, dCda.shape)
    return np.hstack([(dCda[:, [j]] * dadz[:, [j]]) for j in range(z.shape[1])])
""",
            "gradients": """
def gradients(weights, biases, X, T):
    if len(X) > 1:      # average over samples, one by one
        parts = [gradients(weights, biases, X[[n]], T[[n]]) for n in range(len(X))]
        return [np.mean(g, axis=0) for g in zip(*(p[0] for p in parts))], [np.mean(g, axis=0) for g in zip(*(p[1] for p in parts))]
    zs, acts = feedforward(weights, biases, X)
    def back(l, delta):
        here = [(np.outer(delta[0], acts[l][0]), delta[0])]
        return here if l == 0 else back(l - 1, hidden_delta(weights[l], delta, zs[l - 1])) + here
    pairs = back(len(weights) - 1, output_delta(acts[-1], T, zs[-1]))
    return [list(g) for g in zip(*pairs)]
""",
            "hidden_delta": """
def hidden_delta(W_next, delta_next, z):
    return np.tensordot(delta_next, W_next, axes=1) * np.vectorize(lambda s: float(sigmoid_prime(s)))(z)
""",
        },
    ),
]

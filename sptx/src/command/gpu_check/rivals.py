"""The same models in PyTorch: seconds of scores and of training steps, a line of JSON each.

Run by `sptx gpu-check` with its settings as JSON in the first argument, and the heads, the relations and the tails of the
graph as 32-bit numbers on standard input.

A step is what sptx's is: a negative for each positive, its head or its tail replaced by its relation's likelihood, on the
device; the logistic loss; the gradient; the update of all tables. Constraints of rows are left out, to the rivals' favour.

eager    rows gathered by index, the formula, autograd
compile  the same, by torch.compile
sparse   one incidence matrix (CSR) times the stacked tables, as SparseTransX does; models of translations alone
"""
import json
import math
import sys
import time

SETTINGS = json.loads(sys.argv[1])


def say(**line):
    print(json.dumps(line), flush=True)


try:
    import torch
    import torch.nn.functional as F
except ImportError as error:
    say(failed="no torch: %s" % error)
    sys.exit(0)

CUDA = torch.cuda.is_available()
if not CUDA and not SETTINGS["on_cpu"]:
    say(failed="torch %s finds no GPU" % torch.__version__)
    sys.exit(0)
DEVICE = torch.device("cuda" if CUDA else "cpu")
say(torch=torch.__version__, device=torch.cuda.get_device_name() if CUDA else "cpu")
torch.manual_seed(SETTINGS["seed"])

COUNT, ENTITIES, RELATIONS = SETTINGS["triples"], SETTINGS["entities"], SETTINGS["relations"]
BATCH, DIM, MODEL, CHOICES = SETTINGS["batch"], SETTINGS["dim"], SETTINGS["model"], SETTINGS["choices"]
WORDS = torch.frombuffer(bytearray(sys.stdin.buffer.read(12 * COUNT)), dtype=torch.int32)
TRIPLES = WORDS.view(3, COUNT).long().to(DEVICE)
REPLACES_HEAD = torch.tensor(SETTINGS["head_probability"], dtype=torch.float32, device=DEVICE)
# A complex row is its real parts, then its imaginary ones.
WIDTH = {"complex": 2 * DIM, "rotate": 2 * DIM}.get(MODEL, DIM)
OF_RELATIONS = {"complex": 2 * DIM, "transh": 2 * DIM}.get(MODEL, DIM)


def norm(x):
    p, power = CHOICES.get("norm", 1), CHOICES.get("power", 1)
    if (p, power) == (2, 2):
        return (x * x).sum(1)
    length = torch.linalg.vector_norm(x, ord=p, dim=1)
    return length * length if power == 2 else length


def torus(x):
    f = x - torch.floor(x)
    delta = torch.minimum(f, 1 - f)
    form = CHOICES.get("form", 1)
    return delta.sum(1) if form == 1 else (delta * delta).sum(1) if form == 2 else (torch.sin(math.pi * f) ** 2).sum(1)


def plane(x, relation):
    """The distance of x = h - t within the relation's hyperplane, translated by r."""
    r, w = relation.chunk(2, 1)
    y = x - (w * x).sum(1, keepdim=True) * w + r
    return (y * y).sum(1)


def formula(h, r, t):
    if MODEL == "transe":
        return -norm(h + r - t)
    if MODEL == "toruse":
        return -torus(h + r - t)
    if MODEL == "transh":
        return -plane(h - t, r)
    if MODEL == "distmult":
        return (h * r * t).sum(1)
    (a, b), (e, f) = h.chunk(2, 1), t.chunk(2, 1)
    c, d = (torch.cos(r), torch.sin(r)) if MODEL == "rotate" else r.chunk(2, 1)
    x, y = a * c - b * d, a * d + b * c
    if MODEL == "complex":
        return (x * e + y * f).sum(1)
    return -torch.sqrt((x - e) ** 2 + (y - f) ** 2 + 1e-30).sum(1)


MODELS = ("transe", "toruse", "transh", "distmult", "rotate", "complex")
TRANSLATIONS = ("transe", "toruse", "transh")


def by_rows(tables, h, r, t):
    entity, relation = tables
    return formula(entity[h], relation[r], entity[t])


def incidence(h, r, t):
    """The rows h + r - t over the stacked tables, or h - t over that of the entities."""
    stacked = MODEL != "transh"
    columns = torch.stack([h, t, r + ENTITIES] if stacked else [h, t], 1).reshape(-1)
    signs = torch.tensor([1.0, -1.0, 1.0] if stacked else [1.0, -1.0], device=DEVICE)
    each = len(signs)
    begins = torch.arange(0, each * len(h) + 1, each, device=DEVICE)
    size = (len(h), ENTITIES + (RELATIONS if stacked else 0))
    return torch.sparse_csr_tensor(begins, columns, signs.repeat(len(h)), size)


def by_incidence(tables, h, r, t):
    rows = incidence(h, r, t)
    if MODEL == "transh":
        entity, relation = tables
        return -plane(torch.sparse.mm(rows, entity), relation[r])
    x = torch.sparse.mm(rows, tables[0])
    return -norm(x) if MODEL == "transe" else -torus(x)


def tables_for(variant):
    draw = lambda count, width: (torch.rand(count, width, device=DEVICE) - 0.5) * (2.0 / math.sqrt(width))
    entity, relation = draw(ENTITIES, WIDTH), draw(RELATIONS, OF_RELATIONS)
    stacked = variant == "sparse" and MODEL != "transh"
    return [it.requires_grad_() for it in ([torch.cat([entity, relation])] if stacked else [entity, relation])]


def optimizer_for(tables):
    name, rate = SETTINGS["optimizer"], SETTINGS["learning_rate"]
    if name == "sgd":
        return torch.optim.SGD(tables, lr=rate, fused=CUDA)
    if name == "adagrad":
        return torch.optim.Adagrad(tables, lr=rate)
    if name == "adam":
        return torch.optim.Adam(tables, lr=rate, fused=CUDA)
    raise RuntimeError("torch has no `%s` for these tables; try --optimizer adam, adagrad or sgd" % name)


def batch(number):
    first = number % max(COUNT // BATCH, 1) * BATCH
    return TRIPLES[:, first:first + BATCH]


def seconds(work, repeats):
    """Of one of so many repetitions."""
    if CUDA:
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        begin.record()
        for _ in range(repeats):
            work()
        end.record()
        torch.cuda.synchronize()
        return begin.elapsed_time(end) / 1e3 / repeats
    began = time.perf_counter()
    for _ in range(repeats):
        work()
    return (time.perf_counter() - began) / repeats


def loss_by(score):
    def loss(tables, h, r, t):
        """Of positives, and one negative each."""
        flip = torch.rand(len(h), device=DEVICE) < REPLACES_HEAD[r]
        other = torch.randint(ENTITIES, (len(h),), device=DEVICE)
        heads, tails = torch.where(flip, other, h), torch.where(flip, t, other)
        scores = score(tables, torch.cat([h, heads]), torch.cat([r, r]), torch.cat([t, tails]))
        positive, negative = scores.chunk(2)
        return (F.softplus(-positive) + F.softplus(negative)).mean()
    return loss


def measure(variant):
    score = by_incidence if variant == "sparse" else by_rows
    tables, loss, number = tables_for(variant), loss_by(score), [0]
    if variant == "compile":
        score, loss = torch.compile(score), torch.compile(loss)
    optimizer = optimizer_for(tables)

    def next_batch():
        number[0] += 1
        return batch(number[0])

    def forward():
        with torch.no_grad():
            score(tables, *next_batch())

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss(tables, *next_batch()).backward()
        optimizer.step()

    for name, work in (("forward", forward), ("step", step)):
        for _ in range(SETTINGS["warm_up"]):
            work()
        samples = [seconds(work, SETTINGS["repeats"]) for _ in range(SETTINGS["rounds"])]
        say(rival=variant, kernel=name, samples=samples)


if MODEL not in MODELS:
    say(failed="%s is not among the models that are written in PyTorch here" % MODEL)
    sys.exit(0)
for VARIANT in ("eager", "compile", "sparse"):
    if VARIANT == "sparse" and MODEL not in TRANSLATIONS:
        continue
    try:
        measure(VARIANT)
    except Exception as error:  # One that fails should not keep the others from being measured.
        say(rival=VARIANT, failed="%s: %s" % (type(error).__name__, str(error).strip().splitlines()[0] if str(error).strip() else ""))
    if CUDA:
        torch.cuda.empty_cache()

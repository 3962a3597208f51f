"""Filtered evaluation by PyKEEN's RankBasedEvaluator against `sptx eval`, on the same embeddings, in one run.

    python3 -m venv venv && venv/bin/pip install torch numpy pykeen
    cargo build --release
    venv/bin/python benches/python/pykeen_eval.py --data DIR --sptx target/release/sptx

For each model sptx trains one epoch and keeps the run's folder under --work; its embeddings are given to PyKEEN. The two
then evaluate the test split in turns: every entity on both sides of every triple, known triples of all splits filtered,
the same number of threads.

What is timed is generous to PyKEEN: of it the call of `evaluate` alone, with models, triples and imports in memory, with
no metrics but those that are compared, its checks off, and with the fastest of the batch sizes in --batch-sizes and of its
own choice of batch and slice; of sptx the whole process, which loads the run and the graph.

The last line is JSON: seconds of each turn, ratios, and sptx's peak memory with and without its tables.
"""

import argparse
import json
import logging
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

MODELS = ["transe", "complex"]
# Triples that batch sizes are tried on.
TRIAL = 1024


def main():
    options = read_options()
    logging.disable(logging.WARNING)
    os.environ.update(OMP_NUM_THREADS=str(options.threads), MKL_NUM_THREADS=str(options.threads))
    results = [compare(name, options) for name in options.models]
    print(json.dumps({"data": options.data.name, "dim": options.dim, "threads": options.threads, "models": results}))


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with train.txt, valid.txt and test.txt")
    parser.add_argument("--sptx", type=Path, default=Path("target/release/sptx"), help="the command")
    parser.add_argument("--models", nargs="+", default=MODELS, choices=MODELS)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--turns", type=int, default=3, help="evaluations by each, taken in turns")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[16, 32, 64, 128, 256, 512, 1024])
    parser.add_argument("--work", type=Path, default=None, help="folder for the runs; a temporary one by default")
    options = parser.parse_args()
    options.work = options.work or Path(tempfile.mkdtemp(prefix="pykeen-eval-"))
    if not options.sptx.is_file():
        parser.error(f"{options.sptx} is not there: build it with `cargo build --release`, or name it with --sptx")
    return options


def compare(name, options):
    run = train(name, options)
    tables = read_tensors(run / "embeddings.safetensors")
    rival = Rival(name, run, tables, options)
    setting = rival.fastest_setting(options.batch_sizes)
    say(f"{name}: PyKEEN is fastest with {setting}")
    ours, theirs = [], []
    for turn in range(options.turns):
        ours.append(evaluate(run, options))
        theirs.append(rival.evaluate(setting))
        say(f"{name}, turn {turn + 1}: sptx {ours[-1]['seconds']:.2f} s, PyKEEN {theirs[-1]['seconds']:.2f} s")
    check_agreement(name, ours[0]["metrics"], theirs[0]["metrics"])
    seconds = {"sptx": [turn["seconds"] for turn in ours], "pykeen": [turn["seconds"] for turn in theirs]}
    tables_mb = sum(table.nbytes for table in tables.values()) / 2**20
    peak = max(turn["peak_mb"] for turn in ours)
    return {
        "model": name,
        "setting": setting,
        "seconds": seconds,
        "ratio": round(statistics.median(seconds["pykeen"]) / statistics.median(seconds["sptx"]), 2),
        "ratios": [round(b / a, 2) for a, b in zip(seconds["sptx"], seconds["pykeen"])],
        "sptx_peak_mb": round(peak, 1),
        "sptx_peak_without_tables_mb": round(peak - tables_mb, 1),
        "metrics": {"sptx": ours[0]["metrics"], "pykeen": theirs[0]["metrics"]},
    }


def train(name, options):
    """A run folder after one epoch; one that is there already is taken as it is."""
    run = options.work / f"{name}-{options.data.name}-{options.dim}"
    if not (run / "embeddings.safetensors").is_file():
        size = ["--dim", str(options.dim), "--epochs", "1", "--threads", str(options.threads)]
        settings = ["--set", "validation.every=0", "--set", "evaluation.splits=[]", "-q"]
        choices = ["--set", "model.choices.norm=1"] if name == "transe" else []
        command = [options.sptx, "train", name, "--data", options.data, "--out", run, *size, *settings, *choices]
        subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    return run


def evaluate(run, options):
    """`sptx eval`: seconds and peak memory of the whole process, and the metrics."""
    command = [options.sptx, "eval", run, "--data", options.data, "--threads", str(options.threads), "--json"]
    with tempfile.TemporaryFile() as out:
        began = time.perf_counter()
        process = subprocess.Popen(list(map(str, command)), stdout=out)
        watch = Watch(process.pid)
        code = process.wait()
        seconds = time.perf_counter() - began
        watch.join()
        if code != 0:
            sys.exit(f"sptx eval failed with {code}")
        out.seek(0)
        both = json.load(out)["both"]["realistic"]
    metrics = {"mrr": both["mean_reciprocal_rank"], "hits_at_10": both["hits_at_10"], "mean_rank": both["mean_rank"]}
    return {"seconds": seconds, "peak_mb": watch.peak_mb, "metrics": metrics}


class Watch(threading.Thread):
    """Looks at a process's peak of resident memory until it ends.

    The peak that `wait4` gives would be that of this process, if larger: it is counted from the fork on.
    """

    def __init__(self, pid):
        super().__init__()
        self.path, self.peak_mb = Path(f"/proc/{pid}/status"), 0.0
        self.start()

    def run(self):
        while True:
            try:
                lines = self.path.read_text().splitlines()
            except (FileNotFoundError, ProcessLookupError):
                return
            peaks = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
            if not peaks:
                return
            self.peak_mb = int(peaks[0]) / 1024
            time.sleep(0.005)


class Rival:
    """PyKEEN's model with sptx's embeddings, and its evaluator."""

    def __init__(self, name, run, tables, options):
        import torch
        from pykeen.triples import TriplesFactory

        torch.set_num_threads(options.threads)
        ids = {
            "entity_to_id": read_names(run / "entities.tsv"),
            "relation_to_id": read_names(run / "relations.tsv"),
        }
        factories = {
            split: TriplesFactory.from_labeled_triples(read_triples(options.data / f"{split}.txt"), **ids)
            for split in ("train", "valid", "test")
        }
        self.test = factories["test"].mapped_triples
        self.known = [factories["train"].mapped_triples, factories["valid"].mapped_triples]
        self.model = build_model(name, tables, factories["train"], options.dim)

    def evaluate(self, setting, triples=None):
        """Seconds of one call of `evaluate`, and the metrics."""
        import torch
        from pykeen.evaluation import RankBasedEvaluator

        metrics = {"metrics": ["mrr", "mr", "hits@k"], "metrics_kwargs": [None, None, {"k": 10}], "add_defaults": False}
        evaluator = RankBasedEvaluator(filtered=True, **metrics)
        with torch.inference_mode():
            began = time.perf_counter()
            results = evaluator.evaluate(
                model=self.model,
                mapped_triples=self.test if triples is None else triples,
                additional_filter_triples=self.known,
                do_time_consuming_checks=False,
                use_tqdm=False,
                **setting,
            )
            seconds = time.perf_counter() - began
        metric = lambda key: float(results.get_metric(f"both.realistic.{key}"))
        names = {"mrr": "inverse_harmonic_mean_rank", "hits_at_10": "hits_at_10", "mean_rank": "arithmetic_mean_rank"}
        return {"seconds": seconds, "metrics": {short: metric(key) for short, key in names.items()}}

    def fastest_setting(self, batch_sizes):
        """The fastest of the batch sizes, and of what PyKEEN chooses when it is given none."""
        settings = [{"batch_size": size} for size in batch_sizes if size <= max(len(self.test), 1)] + [{}]
        timed = []
        for setting in settings:
            try:
                timed.append((min(self.evaluate(setting, self.test[:TRIAL])["seconds"] for _ in range(2)), setting))
            except (RuntimeError, MemoryError) as error:
                say(f"PyKEEN cannot evaluate with {setting}: {str(error).splitlines()[0]}")
        for seconds, setting in timed:
            say(f"PyKEEN, {setting or 'its own choice'}: {seconds:.2f} s for {min(TRIAL, len(self.test))} triples")
        return min(timed, key=lambda pair: pair[0])[1]


def build_model(name, tables, factory, dim):
    import torch
    from pykeen.models import ComplEx, TransE

    if name == "transe":
        model = TransE(triples_factory=factory, embedding_dim=dim, scoring_fct_norm=1, random_seed=0)
        rows = {owner: torch.from_numpy(tables[f"{owner}.v"]) for owner in ("entity", "relation")}
    else:
        model = ComplEx(triples_factory=factory, embedding_dim=dim, random_seed=0)
        parts = lambda owner: [torch.from_numpy(tables[f"{owner}.v.{part}"]) for part in ("re", "im")]
        rows = {owner: torch.complex(*parts(owner)) for owner in ("entity", "relation")}
    for owner, module in (("entity", model.entity_representations[0]), ("relation", model.relation_representations[0])):
        weight = module._embeddings.weight.data
        values = rows[owner] if not rows[owner].is_complex() else torch.view_as_real(rows[owner])
        weight.copy_(values.reshape(weight.shape))
    return model.eval()


def check_agreement(name, ours, theirs):
    """The two must have ranked the same scores: what rounding moves is a rank here and there."""
    if abs(ours["mrr"] - theirs["mrr"]) > 2e-4 or abs(ours["hits_at_10"] - theirs["hits_at_10"]) > 1e-3:
        sys.exit(f"{name}: the metrics differ, so the two did not do the same work: {ours} {theirs}")


def read_names(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return {name: int(number) for number, name in (line.split("\t", 1) for line in lines)}


def read_triples(path):
    import numpy

    return numpy.array([line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()], dtype=str)


def read_tensors(path):
    """The tensors of a safetensors file, all of f32."""
    import numpy

    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            tensors[name] = numpy.frombuffer(data[start:end], dtype="<f4").reshape(entry["shape"]).copy()
    return tensors


def say(text):
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

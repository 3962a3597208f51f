#!/usr/bin/env python3
"""Filtered link-prediction metrics, computed plainly: the check of the ones that sptx reports.

Reads a folder of `train.txt`, `valid.txt`, `test.txt` (head TAB relation TAB tail; the last two may be absent) and a
model, ranks the head and the tail of every triple of one split among all entities, and prints the metrics as JSON in
the shape of `sptx_train::Metrics`. It shares no code and no clever idea with the Rust evaluation: for every query it
scores every entity in float64 and counts.

    evaluate.py DATA --split test --model transe-l1 --embeddings model.safetensors \\
        --entities entities.tsv --relations relations.tsv

`--model constant` needs no embeddings. The safetensors file holds `entity.v` [entities, d] and `relation.v`
[relations, d] in F32 or F64; the TSV files give the id TAB name of every row. Without them, ids follow the first
appearance of a name over train, valid, test. Only the standard library is needed; numpy is used where it is present.
"""

import argparse
import json
import math
import struct
import sys
from array import array
from pathlib import Path

try:
    import numpy
except ImportError:
    numpy = None

MODELS = ("transe-l1", "transe-l2", "transe-sq", "distmult", "constant")
SPLITS = ("train", "valid", "test")


def read_triples(path):
    """The triples of names in a file, none where it is absent."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8-sig").split("\n")
    return [tuple(line.rstrip("\r").split("\t")) for line in lines if line.strip()]


def read_ids(path):
    """Name to id, from lines of id TAB name."""
    lines = path.read_text(encoding="utf-8-sig").split("\n")
    rows = [line.rstrip("\r").split("\t", 1) for line in lines if line.strip()]
    return {name: int(number) for number, name in rows}


def first_appearance(names):
    """Name to id, in order of first appearance."""
    return {name: number for number, name in enumerate(dict.fromkeys(names))}


def read_safetensors(path):
    """Name to (shape, flat array of float64) of every tensor."""
    content = path.read_bytes()
    (length,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8 : 8 + length])
    data = memoryview(content)[8 + length :]
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        values = array({"F32": "f", "F64": "d"}[entry["dtype"]])
        values.frombytes(data[begin:end])
        if sys.byteorder == "big":
            values.byteswap()
        tensors[name] = (entry["shape"], array("d", values))
    return tensors


def read_rows(tensors, name):
    """The rows of a matrix: a numpy array, or a list of lists."""
    (rows, columns), values = tensors[name]
    if numpy is not None:
        return numpy.frombuffer(values, dtype=numpy.float64).reshape(rows, columns)
    return [values[row * columns : (row + 1) * columns].tolist() for row in range(rows)]


class Constant:
    """Every triple scores the same."""

    def __init__(self, entity_count):
        self.entity_count = entity_count

    def tails(self, head, relation):
        return [0.0] * self.entity_count

    def heads(self, relation, tail):
        return [0.0] * self.entity_count


class Embedding:
    """A score of three vectors, one formula per model."""

    def __init__(self, model, entities, relations):
        self.model, self.entities, self.relations = model, entities, relations

    def tails(self, head, relation):
        h, r = self.entities[head], self.relations[relation]
        if numpy is not None:
            return self.vectorized(h, r, self.entities)
        return [self.score(h, r, t) for t in self.entities]

    def heads(self, relation, tail):
        r, t = self.relations[relation], self.entities[tail]
        if numpy is not None:
            return self.vectorized(self.entities, r, t)
        return [self.score(h, r, t) for h in self.entities]

    def score(self, h, r, t):
        if self.model == "distmult":
            return sum(a * b * c for a, b, c in zip(h, r, t))
        differences = [a + b - c for a, b, c in zip(h, r, t)]
        if self.model == "transe-l1":
            return -sum(map(abs, differences))
        squared = sum(x * x for x in differences)
        return -squared if self.model == "transe-sq" else -math.sqrt(squared)

    def vectorized(self, h, r, t):
        if self.model == "distmult":
            return (h * r * t).sum(axis=-1).tolist()
        differences = h + r - t
        if self.model == "transe-l1":
            return (-numpy.abs(differences).sum(axis=-1)).tolist()
        squared = (differences * differences).sum(axis=-1)
        return (-squared if self.model == "transe-sq" else -numpy.sqrt(squared)).tolist()


def rank(scores, answer, known):
    """The optimistic, realistic and pessimistic rank of the answer; what cannot be compared counts as greater."""
    truth = scores[answer]
    greater = equal = 0
    for entity, score in enumerate(scores):
        if entity == answer or entity in known:
            continue
        if score == truth:
            equal += 1
        elif not score < truth:
            greater += 1
    return {"optimistic": 1 + greater, "realistic": 1 + greater + equal / 2, "pessimistic": 1 + greater + equal}


def categories(train, relation_count):
    """The category of every relation by its distinct training triples: many from 1.5 on average."""
    facts = [set() for _ in range(relation_count)]
    for head, relation, tail in train:
        facts[relation].add((head, tail))
    names = []
    for pairs in facts:
        if not pairs:
            names.append("unseen")
            continue
        many_heads = len(pairs) / len({tail for _, tail in pairs}) >= 1.5
        many_tails = len(pairs) / len({head for head, _ in pairs}) >= 1.5
        names.append(("N" if many_heads else "1") + "-" + ("N" if many_tails else "1"))
    return names


def summarize(ranks):
    """The metrics of a list of ranks, for each way to read a tie."""
    summary = {}
    for tie in ("realistic", "optimistic", "pessimistic"):
        values = [rank[tie] for rank in ranks]
        count = len(values)
        summary[tie] = {
            "mean_rank": math.fsum(values) / count,
            "mean_reciprocal_rank": math.fsum(1 / value for value in values) / count,
            "hits_at_1": sum(value <= 1 for value in values) / count,
            "hits_at_3": sum(value <= 3 for value in values) / count,
            "hits_at_10": sum(value <= 10 for value in values) / count,
        }
    return summary


def by_side(pairs):
    """The metrics of (head rank, tail rank) pairs over heads, tails and both."""
    heads, tails = [head for head, _ in pairs], [tail for _, tail in pairs]
    return {"count": len(pairs), "both": summarize(heads + tails), "head": summarize(heads), "tail": summarize(tails)}


def grouped(pairs, keys):
    """The metrics of each group of pairs that has one key."""
    groups = {}
    for pair, key in zip(pairs, keys):
        groups.setdefault(key, []).append(pair)
    return {key: by_side(groups[key]) for key in sorted(groups)}


def evaluate(model, splits, split, relation_names, filtered):
    """The metrics of a model on one split of triples of ids."""
    tails, heads = {}, {}
    for head, relation, tail in (triple for triples in splits.values() for triple in triples if filtered):
        tails.setdefault((head, relation), set()).add(tail)
        heads.setdefault((relation, tail), set()).add(head)
    pairs = []
    for head, relation, tail in splits[split]:
        head_rank = rank(model.heads(relation, tail), head, heads.get((relation, tail), ()))
        tail_rank = rank(model.tails(head, relation), tail, tails.get((head, relation), ()))
        pairs.append((head_rank, tail_rank))
    asked = [relation for _, relation, _ in splits[split]]
    kinds = categories(splits["train"], len(relation_names))
    metrics = by_side(pairs)
    metrics["filtered"] = filtered
    metrics["by_category"] = grouped(pairs, [kinds[relation] for relation in asked])
    metrics["by_relation"] = grouped(pairs, [relation_names[relation] for relation in asked])
    return metrics


def load_model(arguments, entity_ids, relation_ids):
    """The model that the arguments name, with as many rows as there are names."""
    if arguments.model == "constant":
        return Constant(len(entity_ids))
    if arguments.embeddings is None:
        raise SystemExit(f"--model {arguments.model} needs --embeddings")
    tensors = read_safetensors(arguments.embeddings)
    entities, relations = read_rows(tensors, "entity.v"), read_rows(tensors, "relation.v")
    if len(entities) != len(entity_ids) or len(relations) != len(relation_ids):
        raise SystemExit(
            f"{arguments.embeddings}: {len(entities)} entities and {len(relations)} relations, "
            f"the dataset has {len(entity_ids)} and {len(relation_ids)}"
        )
    return Embedding(arguments.model, entities, relations)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder with train.txt, valid.txt, test.txt")
    parser.add_argument("--split", choices=SPLITS, default="test")
    parser.add_argument("--model", choices=MODELS, required=True)
    parser.add_argument("--embeddings", type=Path, help="a safetensors file with entity.v and relation.v")
    parser.add_argument("--entities", type=Path, help="id TAB name of every entity")
    parser.add_argument("--relations", type=Path, help="id TAB name of every relation")
    parser.add_argument("--raw", action="store_true", help="do not filter known triples")
    arguments = parser.parse_args()

    named = {split: read_triples(arguments.data / f"{split}.txt") for split in SPLITS}
    if not named[arguments.split]:
        raise SystemExit(f"{arguments.data}: no triples in {arguments.split}.txt")
    triples = [triple for split in SPLITS for triple in named[split]]
    entity_ids = read_ids(arguments.entities) if arguments.entities else first_appearance(
        name for head, _, tail in triples for name in (head, tail)
    )
    relation_ids = read_ids(arguments.relations) if arguments.relations else first_appearance(
        relation for _, relation, _ in triples
    )
    splits = {
        split: [(entity_ids[head], relation_ids[relation], entity_ids[tail]) for head, relation, tail in rows]
        for split, rows in named.items()
    }
    relation_names = sorted(relation_ids, key=relation_ids.get)
    model = load_model(arguments, entity_ids, relation_ids)
    metrics = evaluate(model, splits, arguments.split, relation_names, not arguments.raw)
    json.dump(metrics, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Make the `countries` knowledge graph from the hand-written fact tables.

    python3 generate.py            write train.txt, valid.txt and test.txt
    python3 generate.py --check    fail if the checked-in files differ
    python3 generate.py --stats    print the counts that README.md quotes

Standard library only; the output depends on nothing but the `.tsv` tables.
In a table, `#` starts the header line, columns are separated by a tab, the
items of a column by a space, and `-` stands for "none or not recorded".  In
the `cities` column of countries.tsv a leading `*` marks a largest city that
is not a capital.
"""
import collections
import hashlib
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
SEED = "countries-1"
SPLITS = ("train", "valid", "test")
TRAIN, VALID = 785, 893  # thresholds out of 1000; the remainder is test
SYMMETRIC = ("neighbour",)
BACKBONE = ("subregion_of", "parent_family")  # tiny relations, always train
NAME = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*\Z")
PLACE = {"lake": "on_lake", "river": "on_river", "island": "on_landmass",
         "archipelago": "on_landmass", "peninsula": "on_landmass"}


def fail(message):
    sys.exit(f"generate.py: {message}")


def table(name):
    """Rows of one table, each a list of columns, each a list of items."""
    header, *lines = (HERE / name).read_text(encoding="ascii").splitlines()
    width, seen = header.count("\t"), set()
    for line in lines:
        if line.count("\t") != width:
            fail(f"{name}: wrong number of columns: {line}")
        row = [[] if c == "-" else c.split(" ") for c in line.split("\t")]
        for items in row:
            for item in items:
                if not NAME.match(item.removeprefix("*")):
                    fail(f"{name}: bad name {item!r} in: {line}")
            if len(set(items)) != len(items):
                fail(f"{name}: repeated item in: {line}")
        if row[0][0] in seen:
            fail(f"{name}: two rows for {row[0][0]}")
        seen.add(row[0][0])
        yield [row[0][0]] + row[1:]


class Graph:
    def __init__(self):
        self.triples = {}  # used as an ordered set
        self.kind = {}     # entity -> what kind of thing it is

    def declare(self, entity, kind):
        if self.kind.setdefault(entity, kind) != kind:
            fail(f"{entity} is both {self.kind[entity]} and {kind}")
        return entity

    def known(self, entity, *kinds):
        if self.kind.get(entity) not in kinds:
            fail(f"{entity} is not a known {' or '.join(kinds)}")
        return entity

    def add(self, head, relation, tail):
        if (head, relation, tail) in self.triples:
            fail(f"stated twice: {head} {relation} {tail}")
        self.triples[head, relation, tail] = None


def build():
    g = Graph()
    continent = {}
    for sub, (cont,) in table("subregions.tsv"):
        continent[sub] = g.declare(cont, "continent")
        g.add(g.declare(sub, "subregion"), "subregion_of", cont)
    countries = list(table("countries.tsv"))
    subregion = {row[0]: row[1][0] for row in countries}
    for country in subregion:
        g.declare(country, "country")
    for family, parents in table("families.tsv"):
        for parent in parents:
            g.add(g.declare(family, "family"), "parent_family",
                  g.declare(parent, "family"))
    for language, families, scripts in table("languages.tsv"):
        g.declare(language, "language")
        for family in families:
            g.add(language, "language_family", g.declare(family, "family"))
        for script in scripts:
            g.add(language, "written_in", g.declare(script, "script"))

    seas_of, home = {}, {}
    for (country, (sub,), capitals, languages, currencies, religions, side,
         government, seas, exports, rulers, cities) in countries:
        g.add(country, "in_subregion", g.known(sub, "subregion"))
        g.add(country, "in_continent", continent[sub])
        for language in languages:
            g.add(country, "main_language", g.known(language, "language"))
        for relation, kind, items in (
                ("currency", "currency", currencies),
                ("main_religion", "religion", religions),
                ("drives_on", "side", [s + "_side" for s in side]),
                ("government", "government", government),
                ("borders_sea", "sea", seas), ("exports", "product", exports)):
            for item in items:
                g.add(country, relation, g.declare(item, kind))
        seas_of[country] = seas
        for ruler in rulers:
            if ruler not in subregion:
                g.declare(ruler, "former_state")
            g.add(country, "independent_from", ruler)
        for city in capitals + [c.removeprefix("*") for c in cities]:
            if city in home:
                fail(f"city {city} is in {home[city]} and in {country}")
            home[g.declare(city, "city")] = country
            g.add(city, "city_in_subregion", sub)
        for city in capitals:  # no `located_in`: it would be the inverse
            g.add(country, "capital", city)
        for city in cities:
            g.add(city.removeprefix("*"), "located_in", country)
            if city.startswith("*"):
                g.add(country, "largest_city", city[1:])

    neighbours = {c: set(n) for c, n in table("neighbours.tsv")}
    for country, others in neighbours.items():
        for other in sorted(others):
            if country not in neighbours.get(other, ()) or country == other:
                fail(f"{country} lists {other}, but not the other way round")
            g.add(g.known(country, "country"), "neighbour", other)
    for organisation, members in table("organisations.tsv"):
        g.declare(organisation, "organisation")
        if members == ["*africa"]:
            members = [c for c in subregion if continent[subregion[c]] == "africa"]
        for member in members:
            g.add(g.known(member, "country"), "member_of", organisation)

    features = list(table("features.tsv"))
    for feature, (kind,), *_ in features:
        g.declare(feature, "feature")
        g.add(feature, "feature_kind", g.declare(kind, "feature_kind"))
    for feature, (kind,), lands, mouths, cities in features:
        for land in lands:
            g.add(feature, "flows_through" if kind == "river" else "lies_in",
                  g.known(land, "country"))
        for mouth in mouths:
            g.add(feature, "flows_into", g.known(mouth, "sea", "feature"))
        for city in cities:
            if home[g.known(city, "city")] not in lands:
                fail(f"{city} is on {feature}, which misses {home[city]}")
            g.add(city, PLACE.get(kind, "in_natural_region"), feature)
    for sea, cities in table("ports.tsv"):
        for city in cities:
            if sea not in seas_of[home[g.known(city, "city")]]:
                fail(f"{city} is on {sea}, which misses {home[city]}")
            g.add(city, "on_coast_of", g.known(sea, "sea"))
    return g


def split(triples):
    """All triples between the same two entities travel together, whatever
    their relation or direction, so no held-out triple has a reverse in train.
    A group that train needs in order to know an entity or relation moves there.
    """
    groups = collections.defaultdict(list)
    for h, r, t in triples:
        groups[min(h, t), max(h, t)].append((h, r, t))
    place = {}
    for pair, members in groups.items():
        digest = hashlib.sha256("\t".join((SEED,) + pair).encode()).digest()
        bucket = int.from_bytes(digest[:8], "big") % 1000
        held = not any(r in BACKBONE for _, r, _ in members)
        place[pair] = ((bucket >= TRAIN) + (bucket >= VALID)) if held else 0
    seen = {x for p, m in groups.items() if place[p] == 0
            for h, r, t in m for x in (h, "relation " + r, t)}
    for pair in sorted(groups):
        names = {x for h, r, t in groups[pair] for x in (h, "relation " + r, t)}
        if place[pair] and not names <= seen:
            place[pair] = 0
            seen |= names
    files = [[], [], []]
    for pair, members in groups.items():
        files[place[pair]].extend(members)
    return [sorted(f) for f in files]


def verify(files):
    """The promises of README.md, checked on the finished splits."""
    train = files[0]
    entities = {x for h, _, t in train for x in (h, t)}
    relations = {r for _, r, _ in train}
    pairs = {(h, t) for h, _, t in train}
    every = [x for f in files for x in f]
    if len(set(every)) != len(every):
        fail("a triple occurs twice")
    for h, r, t in files[1] + files[2]:
        if not {h, t} <= entities or r not in relations:
            fail(f"train misses something of {h} {r} {t}")
        if (t, h) in pairs or (h, t) in pairs:
            fail(f"leak: train relates the two ends of {h} {r} {t}")
    for rows in map(set, files):
        for h, r, t in rows:
            if r in SYMMETRIC and (t, r, h) not in rows:
                fail(f"both directions are not in one split: {h} {r} {t}")


def main():
    graph = build()
    files = split(graph.triples)
    verify(files)
    for name, rows in zip(SPLITS, files):
        path = HERE / f"{name}.txt"
        text = "".join("\t".join(row) + "\n" for row in rows).encode("ascii")
        if "--check" in sys.argv[1:]:
            if not path.exists() or path.read_bytes() != text:
                fail(f"{path.name} is not what the tables give; run generate.py")
        elif "--stats" not in sys.argv[1:]:
            path.write_bytes(text)
    every = [x for f in files for x in f]
    print(len({x for h, _, t in every for x in (h, t)}), "entities,",
          len({r for _, r, _ in every}), "relations,", len(every), "triples:",
          ", ".join(f"{n} {len(f)}" for n, f in zip(SPLITS, files)))
    if "--stats" in sys.argv[1:]:
        for r in dict.fromkeys(r for _, r, _ in graph.triples):
            print(r, *(sum(x[1] == r for x in f) for f in files))
        print(*sorted(collections.Counter(graph.kind.values()).items()))


if __name__ == "__main__":
    main()

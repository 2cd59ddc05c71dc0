#!/usr/bin/env python3
"""Records what cargo-vet says of a project, release by release: see README.md here.

    record.py PROJECT SUPPLY_CHAIN OUT

PROJECT is a checkout whose packages are already in cargo's cache, SUPPLY_CHAIN the folder with audits.toml,
config.toml and imports.lock (its own or invented ones); OUT.graph and OUT.verdicts are written.
Needs Python 3.11 and a cargo-vet in PATH; never touches PROJECT, and never uses the network.
"""

import copy
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib

BUILT_IN = ["safe-to-run", "safe-to-deploy"]


def main(project, supply_chain, out):
    metadata = json.loads(run(["cargo", "metadata", "--frozen", "--all-features", "--format-version", "1"], project))
    write(out + ".graph", graph(metadata))
    write(out + ".verdicts", record(project, metadata, load(supply_chain)))


def record(project, metadata, store):
    """One line per release: every column is what one or several runs of the real cargo-vet said."""
    criteria = BUILT_IN + sorted(store["audits"].get("criteria", {}))
    as_is = vet(project, store)
    head = ["as it is: " + as_is["conclusion"]]
    conflicts = {}
    for release, found in as_is.get("violations", {}).items():
        exempted = sum("UnauditedConflict" in one for one in found)
        conflicts[release.replace(":", " ", 1)] = f"{exempted}+{len(found) - exempted}"
    if conflicts:
        store = without_violations(store)
        as_is = vet(project, store)
        head.append("without its violations: " + as_is["conclusion"])

    bare = without_audits(without_exemptions(store))
    unexempted = vet(project, without_exemptions(store))
    columns = {
        "required": missing(vet(project, bare)),
        "missing": missing(as_is),
        "missing without exemptions": missing(unexempted),
        "conflicts": conflicts,
    }
    # Only a success tells what releases rest on; an exemption for whatever fails makes it one.
    failing = {failure["name"] for failure in as_is.get("failures", [])}
    success = vet(project, with_exemptions(store, as_is["failures"])) if failing else as_is
    for key, word in [("vetted_fully", "audits"), ("vetted_partially", "partly"), ("vetted_with_exemptions", "exemption")]:
        for package in success[key]:
            columns.setdefault("rests on", {})[name(package)] = "-" if package["name"] in failing else word
    # A failing criterion hides those that it implies, so each is asked for alone, of every package.
    fails = {}
    for label, base in [("fails", store), ("fails without exemptions", without_exemptions(store))]:
        for criterion in criteria:
            for release in missing(vet(project, demanding(metadata, base, criterion))):
                fails.setdefault((label, release), []).append(criterion)
        columns[label] = {release: "+".join(f) for (l, release), f in fails.items() if l == label}

    order = ["required", "rests on", "missing", "missing without exemptions", "fails", "fails without exemptions", "conflicts"]
    releases = sorted({release for column in columns.values() for release in column}, key=lambda r: r.encode())
    head.append("criteria: " + " ".join(criteria))
    head.append("columns: release, " + ", ".join(order))
    rows = ["\t".join([release] + [columns.get(c, {}).get(release, "-") for c in order]) for release in releases]
    return "".join(f"# {line}\n" for line in head) + "".join(row + "\n" for row in rows)


def missing(report):
    return {name(f): "+".join(f["missing_criteria"]) for f in report.get("failures", [])}


def name(package):
    return f"{package['name']} {package['version']}"


# The stores that are asked about: the real one, changed in one respect.


def without_exemptions(store):
    store = copy.deepcopy(store)
    store["config"]["exemptions"] = {}
    return store


def with_exemptions(store, failures):
    store = copy.deepcopy(store)
    for failure in failures:
        exemption = {"version": failure["version"], "criteria": failure["missing_criteria"]}
        store["config"].setdefault("exemptions", {}).setdefault(failure["name"], []).append(exemption)
    return store


def without_violations(store):
    store = copy.deepcopy(store)
    for file in [store["audits"], *store["imports"].get("audits", {}).values()]:
        for crate, entries in file["audits"].items():
            file["audits"][crate] = [e for e in entries if "violation" not in e]
    return store


def without_audits(store):
    store = copy.deepcopy(store)
    store["audits"] = {"criteria": store["audits"].get("criteria", {}), "audits": {}}
    store["imports"] = {"audits": {n: {"audits": {}} for n in store["imports"].get("audits", {})}}
    return store


def demanding(metadata, store, criterion):
    """Every member asks for `criterion` and nothing else, of itself, its dependencies and its tests."""
    store = copy.deepcopy(store)
    old = store["config"].get("policy", {})
    third = {p["name"] for p in metadata["packages"] if third_party(p, old)}
    policy = {}
    for package in metadata["packages"]:
        key = package["name"]
        entry = old.get(key) or old.get(f"{key}:{package['version']}") or {}
        if package["id"] in metadata["workspace_members"]:
            entry = {k: v for k, v in entry.items() if k == "audit-as-crates-io"}
            entry |= {"criteria": [criterion], "dev-criteria": [criterion]}
        elif set(entry) & {"audit-as-crates-io"}:
            entry = {k: v for k, v in entry.items() if k == "audit-as-crates-io"}
        else:
            continue
        policy[f"{key}:{package['version']}" if key in third else key] = entry
    store["config"]["policy"] = policy
    return store


def third_party(package, policy):
    entry = policy.get(package["name"]) or policy.get(f"{package['name']}:{package['version']}") or {}
    return (package["source"] or "").startswith("registry+") or entry.get("audit-as-crates-io", False)


# The graph, reduced to what cargo-vet reads of it.


def graph(metadata):
    """`index name version source place normal=… build=… dev=…`: indices are lines, from 0."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    packages = sorted(metadata["packages"], key=lambda p: (p["name"].encode(), p["version"], p["source"] or ""))
    index = {package["id"]: i for i, package in enumerate(packages)}
    lines = []
    for package in packages:
        source = package["source"] or "path"
        if source.startswith("git+"):
            source = "git:" + source.rpartition("#")[2]
        elif source.startswith("registry+"):
            source = "crates.io"
        place = "member" if package["id"] in metadata["workspace_members"] else "dependency"
        line = [package["name"], package["version"], source, place]
        for kind, word in [(None, "normal"), ("build", "build"), ("dev", "dev")]:
            deps = nodes[package["id"]]["deps"]
            deps = sorted({index[d["pkg"]] for d in deps if any(k["kind"] == kind for k in d["dep_kinds"])})
            if deps:
                line.append(f"{word}=" + ",".join(map(str, deps)))
        lines.append(" ".join(line) + "\n")
    return "".join(lines)


# Running cargo-vet on a store that is not the project's own.

FILES = [("config", "config.toml"), ("audits", "audits.toml"), ("imports", "imports.lock")]


def load(folder):
    return {key: tomllib.load(open(os.path.join(folder, file), "rb")) for key, file in FILES}


def save(store, folder, project):
    """Writes the three files as `cargo vet fmt` would, since a locked run refuses any other spelling."""
    for key, file in FILES:
        text = "".join(f"{json.dumps(k)} = {toml(v)}\n" for k, v in store[key].items())
        write(os.path.join(folder, file), text)
    run(["cargo", "vet", "fmt", "--store-path", folder], project)


def vet(project, store):
    with tempfile.TemporaryDirectory() as folder:
        save(store, folder, project)
        command = ["cargo", "vet", "--locked", "--frozen", "--output-format", "json", "--store-path", folder]
        report = json.loads(run(command, project, may_fail=True))
        if "conclusion" not in report:
            sys.exit(f"cargo-vet refused the store: {json.dumps(report)[:2000]}")
        return report


def toml(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return re.sub("\x7f", r"\\u007f", json.dumps(value, ensure_ascii=False))


def run(command, project, may_fail=False):
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    if done.returncode and not may_fail:
        sys.exit(f"{' '.join(command)}: {done.stdout[-1000:]}{done.stderr[-2000:]}")
    return done.stdout or done.stderr


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


if __name__ == "__main__":
    main(*sys.argv[1:])

#!/usr/bin/env bash
#
# The published JSON Schemas, tried with a validator that is not ours: every example is valid, and
# documents with one mistake each are not.
set -u

if ! python3 -c 'import jsonschema, yaml' 2>/dev/null; then
	echo 'skip - schemas: python3-jsonschema or python3-yaml is not installed'
	exit 0
fi

python3 - <<'PYTHON'
import glob, json, sys
import jsonschema, yaml

class Loader(yaml.SafeLoader):
    """YAML without dates: what looks like one is a text, as in JSON."""

Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

failed = False

def report(name, right, why=""):
    global failed
    failed = failed or not right
    print(("ok - " if right else "not ok - ") + name)
    if not right:
        print(why)

def validator(name):
    with open("docs/%s.schema.json" % name) as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)

def accepts(which, name, text):
    errors = [error.message for error in which.iter_errors(yaml.load(text, Loader))]
    report(name, not errors, "\n".join(errors))

def refuses(which, name, text):
    report(name, not which.is_valid(yaml.load(text, Loader)), text)

policy, manifest, prices, contract = map(
    validator, ("policy", "swarm-manifest", "prices", "contract"))
for path in sorted(glob.glob("examples/policies/*.yaml")):
    with open(path) as file:
        accepts(policy, path + " is valid", file)
for path in sorted(glob.glob("examples/contracts/*.yaml")):
    with open(path) as file:
        accepts(contract, path + " is valid", file)
for which, path in (manifest, "examples/swarms.yaml"), (prices, "examples/prices.yaml"):
    with open(path) as file:
        accepts(which, path + " is valid", file)

for text in (
    "resource_policy: {max_cost_per_task: 10.0, patience: 10m, min_capability_match: 70%}",
    "rules: [{name: r, boards: [release-*, '*'], effect: deny, capabilities: 'a:*'}]",
    "cases: [{name: c, expect: allow, kind: filler}]",
):
    accepts(policy, "valid: " + text, text)
for text in (
    "{}",
    "resource_policy: {max_cost_per_tsak: 10}",
    "resource_policy: {max_cost_per_task: -1}",
    "resource_policy: {max_cost_per_task: .inf}",
    "resource_policy: {min_capability_match: 1.1}",
    "resource_policy: {patience: 10}",
    "resource_policy: {enable_budget_enforcement: 1}",
    "resource_policy: {circuit_breaker_window: 65}",
    "rules: [{effect: deny}]",
    "rules: [{name: r, effect: forbid}]",
    "rules: [{name: r, boards: [a b]}]",
    "rules: [{name: r, boards: [a, a]}]",
    "rules: [{name: r, capabilities: [nodomain]}]",
    "cases: [{name: c}]",
    "policy: {}",
):
    refuses(policy, "not valid: " + text, text)

for text in ("swarm_id: a", "[{swarm_id: a}]", "{swarms: [{swarm_id: a, rate_usd_per_hour: 0}]}"):
    accepts(manifest, "valid: " + text, text)
for text in (
    "{}",
    "[]",
    "swarms: []",
    "swarm_id: a b",
    "{swarm_id: a, colour: red}",
    "{swarm_id: a, capabilities: [x]}",
    "{swarm_id: a, rate_usd_per_hour: -1}",
    "{swarm_id: a, rate_usd_per_hour: 1, price_per_million: {input: 1}}",
    "{swarm_id: a, price_per_million: {inptu: 1}}",
    "{swarm_id: a, concurrency: 0}",
    "{swarm_id: a, declared_success: 2}",
    "{swarm_id: a, weight: {base_weight: 3}}",
):
    refuses(manifest, "not valid: " + text, text)

for text in ("prices: [{input: 1}]", "prices: [{model: m, input: -1}]", "rows: []"):
    refuses(prices, "not valid: " + text, text)

for text in (
    "name: c",
    "{name: c, limits: {memory: 64MiB, wall: 10s, fuel: 1}}",
    "{name: c, limits: {memory_bytes: 65536, wall_ms: 1}}",
    "{name: c, policy: {version: '1.0', permissions: {storage: {allow: null}}}}",
    "{name: c, policy: {version: '1.1', permissions: {network: {deny: [{host: '*'}]}}}}",
    "{name: c, http: [{host: '*.a.b', ports: [1, 65535], methods: GET}], requires: [seccomp]}",
    "{name: c, determinism: {clock: 2025-11-01T00:00:00Z, seed: 0}, slos: {availability: 99.9%}}",
):
    accepts(contract, "valid: " + text, text)
for text in (
    "{}",
    "{name: c, colour: red}",
    "{name: c, module_sha256: abc}",
    "{name: c, limits: {memory: 64MB}}",
    "{name: c, limits: {memory: 64}}",
    "{name: c, limits: {memory_bytes: 1}}",
    "{name: c, limits: {wall: 5h, fuel: 0}}",
    "{name: c, requires: [landlock]}",
    "{name: c, http: [{methods: [GET]}]}",
    "{name: c, http: [{host: a.b, methods: [get]}]}",
    "{name: c, http: [{host: a.b, ports: [0]}]}",
    "{name: c, http: [{host: 'https://a.b'}]}",
    "{name: c, http: [{host: a.b, paths: [v1]}]}",
    "{name: c, credentials: [{name: k, header: A, endpoint: 'https://a.b/path'}]}",
    "{name: c, determinism: {seed: -1}}",
    "{name: c, slos: {success_rate: 1.1}}",
    "{name: c, policy: {permissions: {}}}",
    "{name: c, policy: {version: '2.0', permissions: {}}}",
    "{name: c, policy: {version: '1.0', permissions: {files: {}}}}",
    "{name: c, policy: {version: '1.0', permissions: {storage: {allow: [{uri: 'fs://a'}]}}}}",
    "{name: c, policy: {version: '1.0', permissions: {storage: {allow: [{uri: /a, access: [read]}]}}}}",
    "{name: c, policy: {version: '1.0', permissions: {environment: {allow: [{key: 'A*'}]}}}}",
):
    refuses(contract, "not valid: " + text, text)
sys.exit(failed)
PYTHON

#!/usr/bin/env bash
# mpirun and the ranks of a group on one machine listen at the loopback address or not at all.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"

make_dataset "$work/data" 2000 200
cat >"$work/sockets.yaml" <<YAML
name: sockets
trial:
  dataset: {root: $work/data}
  encoder: {name: small_cnn, width: 8}
  training: {epochs: 500, batch_size: 20, shards: 2}
resources: {ranks: 2}
YAML
"$HEADWAY" run "$work/sockets.yaml" >"$work/log" 2>&1 &
supervisor=$!
training() { grep -qs '"phase":"training"' "$HEADWAY_RESULTS"/sockets/claims/*/1/heartbeat.json; }
wait_until 60 training

cat >"$work/listening.py" <<'PYTHON'
import collections, os, re, socket, struct, sys

LISTEN, LOOPBACK = "0A", {"127.0.0.1", "::1", "::ffff:127.0.0.1"}

def address(text):
    words = [struct.pack("=I", int(text[i:i + 8], 16)) for i in range(0, len(text), 8)]
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return socket.inet_ntop(family, b"".join(words))

def sockets():
    """inode -> the address at which it can be reached from elsewhere."""
    found = {}
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        try:
            lines = open(f"/proc/net/{kind}").read().splitlines()[1:]
        except FileNotFoundError:
            continue
        for line in lines:
            fields = line.split()
            if kind.startswith("udp") or fields[3] == LISTEN:
                host, port = fields[1].rsplit(":", 1)
                found[fields[9]] = (kind, address(host), int(port, 16))
    return found

def tree(pid):
    members = [pid]
    for task in os.listdir(f"/proc/{pid}/task"):
        for child in open(f"/proc/{pid}/task/{task}/children").read().split():
            members += tree(int(child))
    return members

open_ones, names, bad = sockets(), collections.Counter(), []
for pid in tree(int(sys.argv[1])):
    name = open(f"/proc/{pid}/comm").read().strip()
    names[name] += 1
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            match = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{fd}"))
        except FileNotFoundError:
            continue
        where = match and open_ones.get(match[1])
        if where and where[1] not in LOOPBACK:
            bad.append((name, pid, *where))
assert names["mpirun"] == 1 and names["headway-worker"] == 2, names
assert not bad, bad
print("nothing listens but at the loopback address:", dict(names))
PYTHON
python3 "$work/listening.py" "$supervisor" || fail "sockets can be reached from elsewhere"
kill -TERM "$supervisor"
wait "$supervisor" || [[ $? -eq 75 ]] || { cat "$work/log"; fail "the run did not end in order"; }

#!/usr/bin/env bash
# The testbed is a Slurm cluster as programs expect it: hosts that see nothing of each other but shared files, MPI
# across them, GPUs, signals, requeueing, arrays. Several do not disturb each other, and none leaves a trace.
# shellcheck disable=SC2016 # jobs expand their own variables
set -euo pipefail
# shellcheck source=tests/support/testbed.sh
source "$SOURCE_DIR/tests/support/testbed.sh"

links_before=$(ip -brief link | awk '{print $1}' | sort)
start_testbed nodes=4

# -- a job for the end: Slurm looks after signals and time limits every 30 s
warned=$(submit --partition=short --nodelist=n2 --signal=B:USR2@50 \
  --wrap 'trap "echo warned; exit 5" USR2; echo started; while :; do sleep 0.1; done')

# -- nodes are as they were asked for
expect "nodes" "n1 idle 2 gpu:2
n3 idle 2 (null)
n4 idle 2 gpu:2" "$(in_testbed sinfo -h -N -p standard -n n1,n3,n4 -o '%N %T %c %G')"
expect "n2" "1 gpu:1" "$(in_testbed sinfo -h -p standard -n n2 -o '%c %G')"
expect "host names" "n1 n3 n4" "$(in_testbed srun -w n1,n3,n4 -N3 -n3 hostname | sort | paste -sd' ')"
ids=$(cat /proc/sys/kernel/random/boot_id; for host in controller n1 n2 n3 n4; do boot_id "$host"; done)
expect "different boot ids, the machine's among them" 6 "$(sort -u <<<"$ids" | grep -c .)"
if in_testbed sacct >"$work/log" 2>&1; then fail "there is accounting"; fi
grep -q 'accounting storage is disabled' "$work/log" || fail "sacct says: $(<"$work/log")"

# -- a host sees its own processes and /dev/shm only, and the files that all share
hidden="sleep 86399.5"
job=$(submit --nodelist=n1 -n1 --wrap "echo mine >/dev/shm/mine; echo ours >$work/ours; exec $hidden")
sees() { on_node "$1" pgrep -fx "$hidden" >/dev/null; }
wait_until 60 sees n1
for host in n3 controller; do
  if sees "$host"; then fail "'$host' sees a process of n1"; fi
  if on_node "$host" test -e /dev/shm/mine; then fail "'$host' sees n1's /dev/shm"; fi
done
expect "a shared file" ours "$(on_node n3 cat "$work/ours")"
in_testbed scancel "$job"
wait_until_gone "$job"
if sees n1; then fail "a cancelled job's process is left"; fi
wait_for_job "$job" CANCELLED

# -- MPI across nodes of different sizes
mpicxx -o "$work/mpi_hello" "$SOURCE_DIR/tests/cluster/mpi_hello.cpp"
expect "ranks on hosts" "2 n1 size 6 sum 15
2 n3 size 6 sum 15
2 n4 size 6 sum 15" \
  "$(in_testbed srun --mpi=pmix -w n1,n3,n4 -N3 -n6 "$work/mpi_hello" | sort | uniq -c | sed 's/^ *//')"

# -- GPUs: a job sees those that it asked for
visible() { in_testbed srun -n1 "$@" printenv CUDA_VISIBLE_DEVICES; }
expect "one GPU" 0 "$(visible -w n1 --gpus=1)"
expect "two GPUs" 0,1 "$(visible -w n4 --gpus-per-node=2)"
if visible -w n3 --gpus=1 >"$work/log" 2>&1; then fail "n3 has a GPU"; fi
grep -q 'Requested node configuration is not available' "$work/log" || fail "srun says: $(<"$work/log")"

# -- requeueing, where it is allowed
runs="echo run \${SLURM_RESTART_COUNT:-0}; until test -e $work/finish; do sleep 0.1; done"
requeued=$(submit --nodelist=n3 -n1 --wrap "$runs")
kept=$(submit --nodelist=n3 -n1 --partition=no_requeue --requeue --wrap "$runs")
wait_until 60 says "$work/$requeued.out" 'run 0'
wait_until 60 says "$work/$kept.out" 'run 0'
in_testbed scontrol requeue "$requeued"
if in_testbed scontrol requeue "$kept" 2>"$work/log"; then fail "no_requeue let a job be requeued"; fi
wait_until 120 says "$work/$requeued.out" 'run 1'
touch "$work/finish"
wait_for_job "$requeued"
wait_for_job "$kept"
expect "starts of the job that may not be requeued" "run 0" "$(<"$work/$kept.out")"

# -- array jobs
array=$(submit --array=2-6:2 -n1 --output="$work/array.%a.out" \
  --wrap 'echo "$SLURM_ARRAY_TASK_ID of $SLURM_ARRAY_TASK_COUNT"')
wait_until_gone "$array"
expect "tasks of an array" "2 of 3 4 of 3 6 of 3" "$(cat "$work"/array.*.out | paste -sd' ')"

# -- a second testbed beside it
second() { HEADWAY_TESTBED=$work/second "$testbed" "$@"; }
second up nodes=1 cpus=3 gpus=0 MaxArraySize=3
expect "the second's nodes" "n1 3" "$(second run sinfo -h -p standard -o '%n %c')"
expect "the first's nodes" "n1 n2 n3 n4" "$(in_testbed sinfo -h -N -p standard -o %N | paste -sd' ')"
if second run sbatch --array=0-3 --wrap true 2>"$work/log"; then fail "MaxArraySize did not count"; fi
grep -q 'Invalid job array specification' "$work/log" || fail "sbatch says: $(<"$work/log")"
expect "the exit code of a command" 7 "$(second on n1 bash -c 'exit 7' && echo 0 || echo $?)"
expect "an unknown host's exit code" 1 "$(second on n2 true 2>"$work/log" && echo 0 || echo $?)"
grep -q "no host 'n2'; known: controller n1" "$work/log" || fail "the error is: $(<"$work/log")"

# -- the warning before the time limit; its job may end as it likes
wait_for_job "$warned" FAILED
expect "what the warned job says" "started warned" "$(paste -sd' ' "$work/$warned.out")"
expect "its exit code" 5:0 "$(job_field "$warned" ExitCode)"

# -- nothing is left of a testbed: no process, namespace, mount, network device or file
namespaces_of() {
  local pid
  cat "$1"/hosts/*/init | while read -r pid _; do readlink "/proc/$pid"/ns/{mnt,net,pid,uts,ipc}; done | sort -u
}
all_namespaces() { readlink /proc/[0-9]*/ns/{mnt,net,pid,uts,ipc} 2>/dev/null | sort -u || true; }
none_of() { [[ -z $(comm -12 <(all_namespaces) <(echo "$1")) ]]; }
# left_nothing FOLDER NAMESPACES
left_nothing() {
  [[ ! -e $1 ]] || fail "'$1' is left"
  wait_until 20 none_of "$2"  # a process is there until its parent asked how it ended
  expect "processes left" "" "$(grep -lzsx -- "HEADWAY_TESTBED_HOST=$1" /proc/[0-9]*/environ || true)"
  expect "mounts left" "" "$(grep -s -- "$1" /proc/[0-9]*/mounts || true)"
  expect "network devices" "$links_before" "$(ip -brief link | awk '{print $1}' | sort)"
}
first_namespaces=$(namespaces_of "$HEADWAY_TESTBED")
second_namespaces=$(namespaces_of "$work/second")
expect "namespaces of 5 and 2 hosts, none shared" 35 \
  "$(printf '%s\n' "$first_namespaces" "$second_namespaces" | sort -u | grep -c .)"
in_testbed srun -w n3 -N1 -n2 sleep 1000 2>"$work/log" &
step=$!
on_node n3 setsid sleep 1000 &
wait_until 60 on_node n3 pgrep -x sleep >/dev/null
second down
left_nothing "$work/second" "$second_namespaces"
expect "the first after the second's end" "n1 n2 n4" "$(in_testbed srun -w n1,n2,n4 -N3 hostname | sort | paste -sd' ')"
"$testbed" down
left_nothing "$HEADWAY_TESTBED" "$first_namespaces"
"$testbed" down  # again: nothing to do, no error
if wait "$step"; then fail "a step outlived its cluster"; fi

# -- nor of one whose start was broken off
second up nodes=2 cpus=1 2>"$work/log" &
starting=$!
wait_until 60 test -e "$work/second/hosts/n1/init"
kill -KILL "$starting"
wait "$starting" 2>/dev/null || true
broken_namespaces=$(namespaces_of "$work/second")
second down
left_nothing "$work/second" "$broken_namespaces"
second up nodes=1 cpus=1
second down
echo "the testbed is a cluster, and leaves nothing"

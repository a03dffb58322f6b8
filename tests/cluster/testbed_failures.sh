#!/usr/bin/env bash
# What the testbed lets go wrong goes wrong as on a real cluster: a power cut, a dead controller, cut links,
# preemption, a time limit. Slurm looks after most of it every 30 s, so that it all goes on side by side.
# shellcheck disable=SC2016 # jobs expand their own variables
set -euo pipefail
# shellcheck source=tests/support/testbed.sh
source "$SOURCE_DIR/tests/support/testbed.sh"

start_testbed nodes=4 cpus=2,1,2,2 SlurmdTimeout=10

# Jobs say which start it is, where and since which boot, then count until they find what they wait for.
counting() {
  echo 'echo "start ${SLURM_RESTART_COUNT:-0} on $(hostname)"; echo "boot $(cat /proc/sys/kernel/random/boot_id)";'
  echo "until test -e $work/$1; do echo . >>$work/$1.ticks; sleep 0.1; done"
}
ticks() { wc -l 2>/dev/null <"$work/$1.ticks"; }
ticks_beyond() { [[ $(ticks "$1") -gt $2 ]]; }
goes_on() { wait_until 60 ticks_beyond "$1" "$(ticks "$1")"; }
stopped() {
  local before
  before=$(ticks "$1")
  sleep 0.5
  expect "ticks of '$1' half a second later" "$before" "$(ticks "$1")"
}
until_says() { wait_until "${3:-180}" says "$work/$1.out" "$2"; }
log_of() { cat "$work/$1.out"; }
# reaches HOST HOST: a TCP connection to slurmd, or to slurmctld.
reaches() {
  local port=6818
  if [[ $2 == controller ]]; then port=6817; fi
  on_node "$1" timeout 2 bash -c ": </dev/tcp/$2/$port" 2>/dev/null
}

limited=$(submit --partition=short --nodelist=n2 --no-requeue \
  --wrap 'trap "echo asked to end" TERM; echo started; while :; do sleep 0.1; done')
until_says "$limited" started
end_job_in "$limited" 5

# -- slurmctld dies: jobs go on, also end, and are accounted for when it is back
served=$(submit --nodelist=n3 -n1 --wrap "$(counting served)")
ended=$(submit --nodelist=n3 -n1 --wrap "$(counting ended); exit 4")
until_says "$served" 'start 0 on n3'
until_says "$ended" 'start 0 on n3'
wait_until_saved "$ended"
kill_controller
in_testbed scontrol ping >"$work/log" 2>&1 || true
grep -q 'is DOWN' "$work/log" || fail "slurmctld answers: $(<"$work/log")"
touch "$work/ended"
goes_on served
restart_controller
wait_until_running "$served"
wait_for_job "$ended" FAILED
expect "the exit code of a job that ended meanwhile" 4:0 "$(job_field "$ended" ExitCode)"
goes_on served
expect "its starts" 0 "$(job_field "$served" Restarts)"

# -- an urgent job takes the place of another, which is asked first, has some time, and is requeued
preempted=$(submit --nodelist=n1 -n2 --wrap 'trap "echo asked to end" TERM;'"$(counting preempted)")
until_says "$preempted" 'start 0 on n1'
urgent=$(submit --partition=urgent --nodelist=n1 -n2 --wrap "$(counting urgent)")

# -- the power of n4 is cut, and the link between the controller and n3
lost=$(submit --nodelist=n4 -n1 --wrap "$(counting lost)")
until_says "$lost" 'start 0 on n4'
old_boot=$(boot_id n4)
goes_on lost
power_off n4
cut_link controller n3
stopped lost
if reaches n1 n4; then fail "n4 is reached without power"; fi
if on_node n4 true 2>"$work/log"; then fail "a command runs on n4 without power"; fi
grep -q "'n4' is off" "$work/log" || fail "the error is: $(<"$work/log")"
if reaches n3 controller; then fail "n3 reaches the controller"; fi

# -- a link between two nodes is cut: others reach both
wait_until 60 reaches n1 n2
cut_link n1 n2
if reaches n1 n2 || reaches n2 n1; then fail "a cut link works"; fi
for host in n1 n2; do
  wait_until 60 reaches n3 "$host"
  wait_until 60 reaches "$host" controller
done
"$testbed" status | grep -qx 'cut: n1 n2' || fail "the status does not tell of the cut link"
join_link n2 n1
wait_until 60 reaches n1 n2
wait_until 60 reaches n2 n1

# -- Slurm gives both nodes up and requeues their jobs, though that of the node which it cannot reach goes on there
wait_for_node n4 'down\*'
wait_for_node n3 'down\*'
wait_until 60 job_is "$lost" PENDING
wait_until 60 job_is "$served" PENDING
goes_on served
join_link controller n3
wait_for_node n3 'idle|mixed|allocated'
until_says "$served" 'start 1 on n3'
expect "processes of the job when its node is back" 1 "$(on_node n3 pgrep -fc '^/bin/sh .*/slurm_script$')"
touch "$work/served"
wait_for_job "$served"

# -- the power is back: a new boot, and the job starts anew
power_on n4
until_says "$lost" 'start 1 on n4'
new_boot=$(boot_id n4)
[[ $new_boot != "$old_boot" ]] || fail "n4 has the boot id that it had before"
touch "$work/lost"
wait_for_job "$lost"
expect "what the job that lost its node says" \
  "start 0 on n4,boot $old_boot,start 1 on n4,boot $new_boot" "$(log_of "$lost" | paste -sd,)"

# -- the preempted job was asked, then ended, and starts again when the urgent one is through
until_says "$urgent" 'start 0 on n1'
stopped preempted
touch "$work/urgent"
wait_for_job "$urgent"
until_says "$preempted" 'start 1 on n1'
touch "$work/preempted"
wait_for_job "$preempted"
log_of "$preempted" | grep -qx 'asked to end' || fail "the preempted job was not asked"

# -- the time limit
wait_for_job "$limited" TIMEOUT
log_of "$limited" | grep -qx 'asked to end' || fail "the job whose time was up was not asked"

# -- what an administrator sets down
mark_down n2
node_is n2 down || fail "n2 is not down"
mark_up n2
wait_for_node n2 idle
echo "failures are as on a real cluster"

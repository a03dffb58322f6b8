# shellcheck shell=bash disable=SC2154 # `work` comes from sweeps.sh
# For tests on a Slurm cluster of their own, which ends with the test. Source it after `set -euo pipefail`. What it
# waits for has bounds that only a hang reaches. Files under $work are seen by all hosts.

if [[ ${TMPDIR:-} == /dev/shm* ]]; then export TMPDIR=/tmp; fi  # each host has a /dev/shm of its own
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"
readonly testbed=$SOURCE_DIR/scripts/testbed
export HEADWAY_TESTBED=$work/bed

# wait_until SECONDS COMMAND...: here the command takes time, too.
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < end)) || fail "waited in vain for: $*"
    sleep 0.1
  done
}

# start_testbed [SETTINGS]: as `scripts/testbed up` takes them. Ends the test with 77 where none can run.
start_testbed() {
  local status=0
  trap 'end_testbed $?' EXIT
  # If the test is killed, as ctest does when its time is up, this ends the testbed.
  # shellcheck disable=SC2016 # its own arguments
  setsid bash -c 'tail --pid="$1" -f /dev/null; "$2" down; rm -rf -- "$3"' - "$$" "$testbed" "$work" \
    </dev/null >/dev/null 2>&1 &
  "$testbed" up "$@" || status=$?
  if [[ $status -eq 77 ]]; then exit 77; fi
  [[ $status -eq 0 ]] || fail "the testbed did not start"
}

# end_testbed STATUS: after a failure it first shows what Slurm says.
end_testbed() {
  if [[ $1 -ne 0 && $1 -ne 77 && -e $HEADWAY_TESTBED ]]; then
    {
      "$testbed" status
      in_testbed squeue --states=all --format '%i %P %T %r %N %S'
      tail -n 20 -- "$HEADWAY_TESTBED"/hosts/*/slurm*.log
      tail -n 5 -- "$work"/*.out
    } >&2 2>&1 || true
  fi
  "$testbed" down || true
  rm -rf -- "$work"
}

# in_testbed COMMAND...: where users log in; on_node NODE COMMAND...: on a node.
in_testbed() { "$testbed" run timeout 60 "$@"; }
on_node() { "$testbed" on "$1" timeout 60 "${@:2}"; }

# submit SBATCH-ARGUMENTS...: prints the job's id; what the job says is in $work/ID.out, of all its starts.
submit() { in_testbed sbatch --parsable --open-mode=append --output="$work/%j.out" "$@"; }

# job_field JOB FIELD: one value of `scontrol show job`; nothing while slurmctld is away.
job_field() { in_testbed scontrol show job --oneliner "$1" 2>/dev/null | sed -nE "s/(^|.* )$2=([^ ]*).*/\2/p"; }

job_is() { [[ $(job_field "$1" JobState) =~ ^($2)$ ]]; }
job_has_ended() {
  job_is "$1" 'BOOT_FAIL|CANCELLED|COMPLETED|DEADLINE|FAILED|NODE_FAIL|OUT_OF_MEMORY|PREEMPTED|TIMEOUT'
}
job_is_gone() { ! in_testbed squeue --noheader --jobs="$1" 2>/dev/null | grep -q .; }

# wait_for_job JOB [STATE] [SECONDS]: until it has ended; fails unless in that state.
wait_for_job() {
  wait_until "${3:-180}" job_has_ended "$1"
  job_is "$1" "${2:-COMPLETED}" || fail "job $1 is $(job_field "$1" JobState), not ${2:-COMPLETED}"
}

wait_until_running() { wait_until "${2:-120}" job_is "$1" RUNNING; }
wait_until_gone() { wait_until "${2:-120}" job_is_gone "$1"; }

# end_job_in JOB SECONDS: its time is up then, though Slurm only counts minutes when it is submitted. Slurm looks
# every 30 s.
end_job_in() { in_testbed scontrol update JobId="$1" EndTime="now+${2}seconds"; }

# node_is NODE STATE: a regular expression; a node that does not answer has a * behind its state.
node_is() { [[ $(in_testbed sinfo -h -p standard -n "$1" -o %T 2>/dev/null) =~ ^($2)$ ]]; }
wait_for_node() { wait_until "${3:-180}" node_is "$1" "$2"; }
mark_down() { in_testbed scontrol update NodeName="$1" State=DOWN Reason="a test"; }
mark_up() { in_testbed scontrol update NodeName="$1" State=RESUME; }

power_off() { "$testbed" power-off "$1"; }
power_on() { "$testbed" power-on "$1"; }
kill_controller() { "$testbed" power-off controller; }
restart_controller() { "$testbed" power-on controller; }
cut_link() { "$testbed" cut "$1" "$2"; }
join_link() { "$testbed" join "$1" "$2"; }

# wait_until_saved JOB: what happened to it so far outlasts slurmctld, which keeps changes in memory for some seconds.
# When it is killed earlier, it may know nothing of a running job.
wait_until_saved() {
  local mark=saved-$1-$RANDOM
  in_testbed scontrol update JobId="$1" Comment="$mark"
  wait_until 60 grep -qs -- "$mark" "$HEADWAY_TESTBED/slurmctld/job_state"
}

# boot_id HOST
boot_id() { on_node "$1" cat /proc/sys/kernel/random/boot_id; }

# expect WHAT WANTED FOUND
expect() { [[ $2 == "$3" ]] || fail "$1: expected '$2', found '$3'"; }

# says FILE LINE: whether a file has such a line (a regular expression).
says() { grep -qsEx -- "$2" "$1"; }

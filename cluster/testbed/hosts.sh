# shellcheck shell=bash disable=SC2154 # `state` and `repository` come from scripts/testbed
# The testbed's hosts: processes with namespaces of their own (host_init.sh is the first of each), so that
# killing one process is a power cut that leaves nothing. Nothing has a name outside the testbed's folder.

# exclusively COMMAND...: one at a time in this folder, which may come and go meanwhile.
exclusively() {
  while [[ -d $state ]]; do
    exec 9<"$state"
    flock --wait 300 9 || die "another scripts/testbed has been at work on '$state' for 5 minutes"
    if [[ $state -ef /proc/$$/fd/9 ]]; then break; fi
  done
  "$@"
}

all_hosts() { (cd -- "$state/hosts" && printf '%s\n' * | sort -V); }
all_nodes() { all_hosts | grep -v '^controller$'; }

# start_time_of PID: when that process began, in the kernel's ticks; with the pid it names one process for ever.
# Status 1 when there is none, or only its exit status is left.
start_time_of() {
  local text fields
  text=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  read -ra fields <<<"${text##*) }"
  [[ ${fields[0]} != Z && ${fields[0]} != X ]] || return 1
  echo "${fields[19]}"
}

# host_pid HOST: the first process of a host, as this machine counts; status 1 when the host is off.
host_pid() {
  local pid start
  read -r pid start 2>/dev/null <"$state/hosts/$1/init" || return 1
  [[ $(start_time_of "$pid") == "$start" ]] || return 1
  echo "$pid"
}

host_is_on() { host_pid "$1" >/dev/null; }

# way_into HOST: sets `way` to the words that run a command there, in this folder. The command gets SIGTERM when the
# process that runs these words dies.
way_into() {
  local pid variable
  pid=$(host_pid "$1") || die "'$1' is off"
  way=(nsenter --target "$pid" --mount --net --uts --ipc --pid -- setpriv --pdeathsig TERM env --chdir="$PWD")
  for variable in "${!SLURM_@}"; do way+=("--unset=$variable"); done  # of a job that we may be in
  way+=(SLURM_CONF="$state/etc/slurm.conf")
}

# enter_host HOST COMMAND...: runs it there.
enter_host() {
  local way
  way_into "$1"
  shift
  "${way[@]}" "$@" 9>&-
}

# in_network HOST COMMAND...: runs it here, but with that host's network.
in_network() {
  local pid
  pid=$(host_pid "$1") || return 1
  shift
  nsenter --target "$pid" --net -- "$@"
}

# start_host HOST: returns when its network is there and its daemons are starting.
start_host() {
  local folder=$state/hosts/$1
  # What a killed slurmstepd leaves there makes the next step of the same number fail.
  rm -rf -- "$folder"/{init,spool,tmp}
  mkdir -p -- "$folder"/{spool,tmp}
  cat /proc/sys/kernel/random/uuid >"$folder/boot_id"
  setsid env --ignore-environment --chdir=/ PATH="$PATH" HEADWAY_TESTBED_HOST="$state" \
    unshare --fork --pid --mount --net --uts --ipc --propagation slave \
    bash "$repository/cluster/testbed/host_init.sh" "$state" "$1" \
    </dev/null >>"$folder/init.log" 2>&1 9>&- &
  wait_until_set_up "$1"
  connect_host "$1"
  if [[ $1 == controller ]]; then
    start_munged
    start_slurmctld
  else
    start_daemon "$1" slurmd -N "$1" -f "$state/etc/slurm.conf"
  fi
}

wait_until_set_up() {
  local pid end=$((SECONDS + 60))
  until pid=$(host_pid "$1") && [[ $(cat "/proc/$pid/comm") == sleep ]]; do
    ((SECONDS < end)) || die "'$1' did not start: $(tail -n 3 -- "$state/hosts/$1/init.log")"
    sleep 0.02
  done
}

# start_daemon HOST COMMAND...: it goes to the background by itself. --default-signal: what a shell starts in the
# background ignores SIGINT, and so would all jobs.
start_daemon() {
  local log=$state/hosts/$1/init.log
  enter_host "$1" env --ignore-environment --default-signal --chdir=/ PATH="$PATH" \
    HEADWAY_TESTBED_HOST="$state" "${@:2}" </dev/null >>"$log" 2>&1 ||
    die "$2 did not start on '$1': $(tail -n 3 -- "$log")"
}

# --force: the folders above may be closed to others, who have no business here.
start_munged() {
  start_daemon controller munged --force --num-threads=4 --key-file="$state/munge/munge.key" \
    --socket="$state/munge/munge.sock" --pid-file="$state/munge/munged.pid" \
    --log-file="$state/munge/munged.log" --seed-file="$state/munge/munged.seed"
}

# stop_host HOST: no process of it is left when this returns.
stop_host() {
  local pid
  pid=$(host_pid "$1") || return 0
  kill -KILL "$pid"
  wait_until_dead "$pid"
  rm -f -- "$state/hosts/$1/init"
}

wait_until_dead() {
  local end=$((SECONDS + 60))
  while start_time_of "$1" >/dev/null; do
    ((SECONDS < end)) || die "process $1 does not die"
    sleep 0.02
  done
}

slurmctld_runs() { enter_host controller pgrep --exact slurmctld >/dev/null; }

stop_slurmctld() {
  local end=$((SECONDS + 60))
  enter_host controller pkill --signal KILL --exact slurmctld || die "slurmctld does not run"
  while slurmctld_runs; do
    ((SECONDS < end)) || die "slurmctld does not die"
    sleep 0.02
  done
}

start_slurmctld() { start_daemon controller slurmctld -f "$state/etc/slurm.conf"; }

# make_state_folder: or leaves the one that is there.
make_state_folder() {
  [[ $state == /* ]] || die "HEADWAY_TESTBED must be an absolute path, not '$state'"
  [[ ${#state} -le 60 ]] || die "'$state' is too long for the sockets in it: 60 characters at most"
  [[ $state/ != /dev/shm/* ]] || die "'$state' cannot hold a testbed: each host has a /dev/shm of its own"
  mkdir -p -- "$state"
  [[ ! -L $state && -O $state ]] || die "'$state' is not root's own folder"
}

# claim_state_folder: takes an empty one.
claim_state_folder() {
  mkdir -p -- "$state"
  [[ -z $(ls -A -- "$state") ]] || die "'$state' is neither empty nor a testbed"
  chmod 755 -- "$state"
  : >"$state/testbed"
}

# testbed_processes: those whose environment says that they belong to this testbed's hosts, zombies left out.
testbed_processes() {
  local file
  { grep -lzsxF -- "HEADWAY_TESTBED_HOST=$state" /proc/[0-9]*/environ || true; } |
    while IFS= read -r file; do echo "${file//[^0-9]/}"; done
}

# kill_testbed_processes: each `unshare` ends by itself when the first process of its host is dead, and so leaves no
# zombie to others.
kill_testbed_processes() {
  local pid pids end=$((SECONDS + 60))
  while mapfile -t pids < <(testbed_processes) && [[ ${#pids[@]} -gt 0 ]]; do
    ((SECONDS < end)) || die "these processes do not die: ${pids[*]}"
    for pid in "${pids[@]}"; do
      if [[ $(cat "/proc/$pid/comm" 2>/dev/null) != unshare ]]; then kill -KILL "$pid" 2>/dev/null || true; fi
    done
    sleep 0.02
  done
}

# remove_testbed: ends all of it and removes its folder; a start that was broken off is no exception.
remove_testbed() {
  [[ -e $state/testbed ]] || return 0
  kill_testbed_processes
  rm -rf -- "${state:?}"/{etc,hosts,munge,slurmctld,dev,cuts,shared,settings,testbed}
  rmdir --ignore-fail-on-non-empty -- "$state"
}

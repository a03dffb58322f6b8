# shellcheck shell=bash disable=SC2154 # `state` comes from scripts/testbed
# The testbed's settings and the files that Slurm reads. Needs network.sh.

node_count=4
cpus=2,1,2,2
gpus=2,1,0,2
replaced_lines=()

# parse_settings KEY=VALUE...: as the `up` command takes them.
parse_settings() {
  local setting
  for setting in "$@"; do
    case $setting in
      nodes=*) node_count=${setting#*=} ;;
      cpus=*) cpus=${setting#*=} ;;
      gpus=*) gpus=${setting#*=} ;;
      [A-Z]*=*) replaced_lines+=("$setting") ;;
      *) usage_error "unknown setting '$setting'; known: nodes, cpus, gpus and slurm.conf's keys" ;;
    esac
  done
  [[ $node_count =~ ^[1-9][0-9]?$ ]] || usage_error "expected nodes=1 to 99, found '$node_count'"
  [[ $cpus =~ ^[1-9][0-9]*(,[1-9][0-9]*)*$ ]] || usage_error "expected cpus=2,1,..., found '$cpus'"
  [[ $gpus =~ ^[0-9]+(,[0-9]+)*$ ]] || usage_error "expected gpus=2,0,..., found '$gpus'"
}

settings_text() { printf '%s\n' "nodes=$node_count" "cpus=$cpus" "gpus=$gpus" "${replaced_lines[@]}"; }

# value_of LIST NUMBER: the value of node n<NUMBER> in a list that is repeated.
value_of() {
  local values
  IFS=, read -ra values <<<"$1"
  echo "${values[($2 - 1) % ${#values[@]}]}"
}

write_configuration() {
  local number folder
  mkdir -p -- "$state"/{etc,munge,slurmctld,dev,cuts,shared,hosts/controller}
  chmod 700 -- "$state/munge"
  for ((number = 1; number <= node_count; ++number)); do
    folder=$state/hosts/n$number
    mkdir -p -- "$folder"
    value_of "$cpus" "$number" >"$folder/cpus"
    value_of "$gpus" "$number" >"$folder/gpus"
  done
  (umask 077 && head -c 128 /dev/urandom >"$state/munge/munge.key")
  write_hosts_file >"$state/etc/hosts"
  write_slurm_conf | replace_lines >"$state/etc/slurm.conf"
  make_fake_gpus >"$state/etc/gres.conf"
  write_submit_plugin >"$state/etc/job_submit.lua"
  settings_text >"$state/settings"
}

write_hosts_file() {
  local host
  echo "127.0.0.1 localhost"
  for host in $(all_hosts); do echo "$(host_address "$host") $host"; done
}

# make_fake_gpus: gres.conf on stdout, and the device files that it names: clones of /dev/null, or plain files where no
# devices may be made.
make_fake_gpus() {
  local node count device
  echo "AutoDetect=off"
  for node in $(all_nodes); do
    count=$(<"$state/hosts/$node/gpus")
    for ((device = 0; device < count; ++device)); do
      [[ -e $state/dev/gpu$device ]] || mknod "$state/dev/gpu$device" c 1 3 2>/dev/null || : >"$state/dev/gpu$device"
      echo "NodeName=$node Name=gpu File=$state/dev/gpu$device"
    done
  done
}

# replace_lines: slurm.conf from stdin to stdout, with the lines that the user gave in place of those of the same key.
replace_lines() {
  local line given
  while IFS= read -r line; do
    for given in "${replaced_lines[@]}"; do
      if [[ ${line%%=*} == "${given%%=*}" ]]; then continue 2; fi
    done
    printf '%s\n' "$line"
  done
  printf '%s\n' "${replaced_lines[@]}"
}

# Slurm has no setting by which a partition forbids requeueing; sites that do use a plugin of theirs.
write_submit_plugin() {
  cat <<'LUA'
function slurm_job_submit(job, partitions, user)
  if job.partition == "no_requeue" then job.requeue = 0 end
  return slurm.SUCCESS
end
function slurm_job_modify(change, job, partitions, user) return slurm.SUCCESS end
return slurm.SUCCESS
LUA
}

write_slurm_conf() {
  cat <<CONF
ClusterName=testbed
SlurmctldHost=controller($(host_address controller))
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
# cred_expire, 120 s by default, is also how long a requeued job waits before it may start again
AuthInfo=socket=$state/munge/munge.sock,cred_expire=5
StateSaveLocation=$state/slurmctld
SlurmdSpoolDir=$state/hosts/%n/spool
# differs from node to node: the PMIx plugin makes folders there that only tell jobs and steps apart
TmpFS=$state/hosts/%n/tmp
SlurmctldPidFile=$state/hosts/controller/slurmctld.pid
SlurmdPidFile=$state/hosts/%n/slurmd.pid
SlurmctldLogFile=$state/hosts/controller/slurmctld.log
SlurmdLogFile=$state/hosts/%n/slurmd.log
SlurmctldDebug=verbose
SlurmdDebug=verbose
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
JobSubmitPlugins=lua
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=5,sched_min_interval=0,batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
ReturnToService=2
SlurmctldTimeout=30
SlurmdTimeout=20
InactiveLimit=0
OverTimeLimit=0
KillWait=3
MinJobAge=3600
UnkillableStepTimeout=20
MessageTimeout=10
TCPTimeout=2
MaxArraySize=1001
# nodes have as many CPUs as they say, not as this machine
SlurmdParameters=config_overrides
PropagateResourceLimits=NONE
GresTypes=gpu
$(write_node_lines)
PartitionName=DEFAULT Nodes=ALL MaxTime=INFINITE DefaultTime=10 State=UP OverSubscribe=NO PriorityTier=1
PartitionName=standard Default=YES PreemptMode=REQUEUE GraceTime=3
PartitionName=urgent PriorityTier=10 PreemptMode=OFF
PartitionName=short MaxTime=1 DefaultTime=1 PreemptMode=REQUEUE GraceTime=3
PartitionName=no_requeue PreemptMode=CANCEL GraceTime=3
CONF
}

write_node_lines() {
  local node count gres
  for node in $(all_nodes); do
    count=$(<"$state/hosts/$node/cpus")
    gres=
    if [[ $(<"$state/hosts/$node/gpus") -gt 0 ]]; then gres=" Gres=gpu:$(<"$state/hosts/$node/gpus")"; fi
    echo "NodeName=$node NodeAddr=$(host_address "$node") CPUs=$count Boards=1 SocketsPerBoard=1" \
      "CoresPerSocket=$count ThreadsPerCore=1 RealMemory=4000$gres State=UNKNOWN"
  done
}

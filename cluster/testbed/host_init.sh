#!/usr/bin/env bash
# The first process of one of the testbed's hosts, started in new namespaces. When it is killed, all that runs
# on the host dies, and the kernel takes back its network and mounts.
#
# usage: host_init.sh FOLDER HOST
set -euo pipefail
readonly state=$1 name=$2
readonly folder=$state/hosts/$name

# /proc is still the machine's, which knows this process by another number.
read -ra fields </proc/self/stat
echo "${fields[0]} ${fields[21]}" >"$folder/init.new"
mv -- "$folder/init.new" "$folder/init"

hostname "$name"
mount -t proc proc /proc
mount --bind "$folder/boot_id" /proc/sys/kernel/random/boot_id
mount --bind "$state/etc/hosts" /etc/hosts
mount -t tmpfs -o size=2g,mode=1777 shm /dev/shm
# All orphans of the host become its children; who ignores SIGCHLD leaves no zombies.
exec env --ignore-signal=CHLD sleep infinity

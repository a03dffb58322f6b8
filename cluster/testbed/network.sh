# shellcheck shell=bash disable=SC2154 # `state` comes from scripts/testbed
# The network between the testbed's hosts: a bridge in the controller's namespace, a cable to each node. As
# none of it is outside the hosts' namespaces, all testbeds use the same addresses. Needs hosts.sh.

readonly network=10.99.0
readonly nobodys_mac=02:00:00:00:ff:ff

# host_number HOST: n3 is 3.
host_number() { if [[ $1 == controller ]]; then echo 254; else echo "${1#n}"; fi; }
host_address() { echo "$network.$(host_number "$1")"; }
host_device() { if [[ $1 == controller ]]; then echo bridge; else echo eth0; fi; }

# connect_host HOST: the controller comes first. A node's MAC address stays the same from boot to boot, as others
# remember it.
connect_host() {
  local number mac
  number=$(host_number "$1")
  mac=$(printf '02:00:00:00:00:%02x' "$number")
  in_network "$1" ip link set lo up
  if [[ $1 == controller ]]; then
    in_network controller ip link add bridge address "$mac" type bridge
  else
    # The old end of its cable may outlive a node for a moment.
    in_network controller ip link delete "to_$1" 2>/dev/null || true
    in_network "$1" ip link add eth0 address "$mac" type veth peer name "to_$1" netns "$(host_pid controller)"
    in_network controller ip link set "to_$1" master bridge up
  fi
  in_network "$1" ip address add "$(host_address "$1")/24" dev "$(host_device "$1")"
  in_network "$1" ip link set "$(host_device "$1")" up
  local link
  for link in $(cut_links); do
    if [[ :$link: == *":$1:"* ]]; then cut_link "${link%:*}" "${link#*:}"; fi
  done
}

# cut_mark HOST HOST: the file that says that their link is cut; the order does not matter.
cut_mark() { echo "$state/cuts/$(printf '%s\n' "$1" "$2" | sort -V | paste -sd:)"; }
cut_links() { (cd -- "$state/cuts" && find . -type f -printf '%f\n' | sort -V); }

# cut_link HOST HOST: each sends what is meant for the other to a MAC address that nobody has, so that it is
# lost without a word, as in a broken switch.
cut_link() {
  : >"$(cut_mark "$1" "$2")"
  lose_packets "$1" "$2"
  lose_packets "$2" "$1"
}

lose_packets() {
  if ! host_is_on "$1"; then return 0; fi
  in_network "$1" ip neighbour replace "$(host_address "$2")" lladdr "$nobodys_mac" \
    dev "$(host_device "$1")" nud permanent
}

join_link() {
  local mark
  mark=$(cut_mark "$1" "$2")
  [[ -e $mark ]] || die "the link between '$1' and '$2' is not cut"
  rm -- "$mark"
  find_packets "$1" "$2"
  find_packets "$2" "$1"
}

find_packets() {
  if ! host_is_on "$1"; then return 0; fi
  in_network "$1" ip neighbour delete "$(host_address "$2")" dev "$(host_device "$1")"
}

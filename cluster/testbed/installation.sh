# shellcheck shell=bash disable=SC2154 # `testbed_packages` comes from scripts/lib/packages.sh
# What the testbed needs of the machine. Needs common.sh and packages.sh.

readonly cannot_run_status=77
readonly service_policy=/usr/sbin/policy-rc.d
readonly kept_service_policy=$service_policy.before-headway-testbed

cannot_run() {
  say "cannot run here: $*"
  exit "$cannot_run_status"
}

require_root() { is_root || cannot_run "only root may make network and process namespaces"; }

# require_able: ends with status 77 unless a testbed can run here.
require_able() {
  local program missing=()
  require_root
  for program in munged slurmctld slurmd sbatch ip unshare nsenter setpriv; do
    [[ -x $(type -P "$program") ]] || missing+=("$program")
  done
  [[ ${#missing[@]} -eq 0 ]] ||
    cannot_run "missing: ${missing[*]}; on Debian, scripts/testbed install brings them"
  unshare --fork --pid --mount --net --uts --ipc --propagation slave true 2>/dev/null ||
    cannot_run "the kernel refuses new namespaces (are we in a container?)"
}

# No service is started while this file answers 101 to who installs packages.
refuse_services() {
  allow_services  # an interrupted installation left its own
  if [[ -e $service_policy ]]; then mv -- "$service_policy" "$kept_service_policy"; fi
  printf '#!/bin/sh\n# headway testbed: installing packages\nexit 101\n' >"$service_policy"
  chmod 755 "$service_policy"
}

allow_services() {
  if grep -qs '^# headway testbed' "$service_policy"; then rm -- "$service_policy"; fi
  if [[ -e $kept_service_policy ]]; then mv -- "$kept_service_policy" "$service_policy"; fi
}

# Installed services would start at the next boot; those that were here before are left as they are.
disable_services() {
  local package
  command -v systemctl >/dev/null || return 0
  for package in "$@"; do
    case $package in
      munge | slurmd | slurmctld) systemctl --quiet disable "$package.service" 2>/dev/null || true ;;
    esac
  done
}

install_testbed_packages() {
  local missing
  [[ -x $(type -P dpkg-query) ]] || cannot_run "this is not a Debian system"
  mapfile -t missing < <(missing_packages "${testbed_packages[@]}")
  if [[ ${#missing[@]} -gt 0 ]]; then
    is_root || cannot_run "only root may install ${missing[*]}"
    trap 'allow_services' EXIT
    trap 'exit 130' INT TERM HUP
    refuse_services
    (ensure_packages "${missing[@]}") || cannot_run "could not install ${missing[*]}"
    disable_services "${missing[@]}"
    allow_services
    trap - EXIT INT TERM HUP
  fi
  say "all ${#testbed_packages[@]} Debian packages are installed"
}

# shellcheck shell=bash disable=SC2034 # its variables are read by the scripts that source it
# Debian packages: which are needed, which are missing, and how they get here.

readonly build_packages=(
  build-essential cmake ninja-build ccache git
  libopenmpi-dev openmpi-bin
  libyaml-cpp-dev libfmt-dev libspdlog-dev libcli11-dev nlohmann-json3-dev
  libsoci-dev libboost-dev libsqlite3-dev libssl-dev zlib1g-dev libxxhash-dev  # SOCI includes Boost headers
  libbackward-cpp-dev libdw-dev
  libgtest-dev libgmock-dev
  python3 python3-pip
  dataset-fashion-mnist
)
readonly fuzz_packages=(clang-14 libclang-rt-14-dev libomp-14-dev)
readonly testbed_packages=(
  slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge
  libpmix2 openmpi-bin libopenmpi-dev g++
  iproute2 procps util-linux
)
readonly check_packages=(clang-14 clang-format-14 clang-tidy-14 yamllint shellcheck)

# missing_packages PACKAGE...: those that are not installed, one a line.
missing_packages() {
  local package status
  for package in "$@"; do
    # shellcheck disable=SC2016 # ${...} is dpkg-query's own syntax
    status=$(dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null) || status=
    grep -qx installed <<<"$status" || echo "$package"
  done
}

# ensure_packages PACKAGE...: installs what is missing; needs root only when something is.
ensure_packages() {
  if ! command -v dpkg-query >/dev/null; then
    say "this is not a Debian system; these packages' counterparts must be present: $*"
    return
  fi
  local missing
  mapfile -t missing < <(missing_packages "$@")
  if [[ ${#missing[@]} -eq 0 ]]; then
    say "all $# Debian packages are installed"
    return
  fi
  if ! is_root; then
    say "${#missing[@]} Debian packages are missing: ${missing[*]}"
    say "installing them needs root; run this, then start again:"
    printf '  sudo apt-get update && sudo apt-get install --no-install-recommends %s\n' "${missing[*]}" >&2
    exit 1
  fi
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  apt-get update -q >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >&2
}

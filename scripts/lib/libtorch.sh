# shellcheck shell=bash disable=SC2154 # `repository` comes from common.sh
# LibTorch as the Python wheel carries it, unpacked into .deps/torch. Needs common.sh.
#
# Safe to interrupt: a wheel is moved to its place when it is whole, the tree when it is complete.

readonly torch_version=2.11.0
# libtorch_cpu.so of this wheel links these two even when no GPU is used.
readonly cpu_requirements=("torch==$torch_version" nvidia-cuda-runtime==13.0.96
                           nvidia-cuda-cupti==13.0.85)
readonly dependencies=$repository/.deps
readonly torch_tree=$dependencies/torch
readonly torch_stamp=$torch_tree/headway-contents
readonly wheel_folder=${HEADWAY_WHEELS:-$dependencies/wheels}
readonly kilobytes_for_cpu=$((2 * 1024 * 1024)) kilobytes_for_cuda=$((9 * 1024 * 1024))

# pip_command: prints the words that run pip; makes a virtual environment when Python has no pip.
pip_command() {
  if python3 -m pip --version >/dev/null 2>&1; then
    echo python3 -m pip
    return
  fi
  local environment=$dependencies/venv
  if [[ ! -x $environment/bin/pip ]]; then
    say "python3 has no pip; making a virtual environment in $environment"
    rm -rf -- "$environment"
    python3 -m venv "$environment" >&2 ||
      die "python3 has neither pip nor ensurepip; install python3-pip or python3-venv"
  fi
  echo "$environment/bin/pip"
}

# wheel_file REQUIREMENT: the path of a wheel that is here already; status 1 when there is none.
wheel_file() {
  local name=${1%%==*} version=${1##*==} candidate
  for candidate in "$wheel_folder/${name//-/_}-${version%.\*}"[-.]*.whl; do
    case $candidate in
      *"_$(uname -m).whl" | *-any.whl)
        echo "$candidate"
        return 0
        ;;
    esac
  done
  return 1
}

# fetch_wheel REQUIREMENT: puts the wheel into the wheel folder unless it is there.
fetch_wheel() {
  local requirement=$1 machine minor pip staging
  if wheel_file "$requirement" >/dev/null; then return; fi
  machine=$(uname -m)
  # Every glibc that torch's own wheel asks for or older: the wheels name different ones.
  local platforms=(--platform "manylinux2014_$machine")
  for minor in {17..28}; do platforms+=(--platform "manylinux_2_${minor}_$machine"); done
  say "downloading $requirement for $machine"
  mkdir -p -- "$wheel_folder"
  staging=$(mktemp -d -- "$wheel_folder/.partial.XXXXXX")
  read -ra pip < <(pip_command)
  # The Python version is named, so that any local Python fetches the same wheel.
  if ! "${pip[@]}" download --quiet --no-deps --only-binary=:all: --python-version 3.11 \
    --implementation cp "${platforms[@]}" --dest "$staging" "$requirement" >&2; then
    rm -rf -- "$staging"
    die "could not download $requirement; check the network and pip's settings, then run this again"
  fi
  mv -- "$staging"/*.whl "$wheel_folder/"
  rmdir -- "$staging"
}

# wheel_metadata REQUIREMENT FILE: copies the METADATA out of a fetched wheel.
wheel_metadata() {
  python3 - "$(wheel_file "$1")" >"$2" <<'PYTHON'
import sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
name, = (n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
sys.stdout.buffer.write(wheel.read(name))
PYTHON
}

# cuda_requirements: the NVIDIA libraries that the torch wheel asks for, one a line.
cuda_requirements() {
  local folder toolkit
  folder=$(mktemp -d)
  wheel_metadata "torch==$torch_version" "$folder/torch"
  toolkit=$(sed -nE 's/^Requires-Dist: (cuda-toolkit)\[[^]]*\](==[^;]*);.*/\1\2/p' "$folder/torch")
  fetch_wheel "$toolkit"
  wheel_metadata "$toolkit" "$folder/cuda-toolkit"
  python3 "$repository/scripts/lib/nvidia_requirements.py" torch "$folder/torch" \
    cuda-toolkit "$folder/cuda-toolkit"
  rm -rf -- "$folder"
}

# unpack_wheels REQUIREMENT...: replaces .deps/torch by a tree of exactly these wheels.
unpack_wheels() {
  local requirement wheel fresh=$torch_tree.partial
  rm -rf -- "$fresh"
  mkdir -p -- "$fresh"
  for requirement in "$@"; do
    wheel=$(wheel_file "$requirement") || die "no wheel of $requirement in '$wheel_folder'"
    say "unpacking $(basename -- "$wheel")"
    python3 -m zipfile -e "$wheel" "$fresh" ||
      die "'$wheel' is damaged; delete it and run this again"
  done
  printf '%s\n' "$@" >"$fresh/$(basename -- "$torch_stamp")"
  rm -rf -- "$torch_tree"
  mv -- "$fresh" "$torch_tree"
}

# torch_tree_holds cpu|cuda: is .deps/torch complete for that use?
torch_tree_holds() {
  [[ -e $torch_tree/torch/lib/libtorch_cpu.so && -d $torch_tree/torch-$torch_version.dist-info ]] ||
    return 1
  compgen -G "$torch_tree/nvidia/*/lib/libcupti.so.*" >/dev/null || return 1
  [[ $1 == cpu ]] || compgen -G "$torch_tree/nvidia/cudnn/lib/libcudnn.so.*" >/dev/null
}

# check_given_torch FOLDER: is it what HEADWAY_TORCH should name?
check_given_torch() {
  [[ -e $1/lib/libtorch_cpu.so ]] ||
    die "HEADWAY_TORCH is '$1', but '$1/lib/libtorch_cpu.so' does not exist; name the torch folder of an installation"
  [[ -e $1/include/ATen/core/Tensor.h ]] ||
    die "HEADWAY_TORCH is '$1', but its headers ('$1/include/ATen') are missing"
  say "LibTorch: '$1', as HEADWAY_TORCH says"
}

# fetch_tree cpu|cuda: downloads what that use needs and unpacks it.
fetch_tree() {
  local use=$1 needed=$kilobytes_for_cpu requirements=("${cpu_requirements[@]}") more requirement
  [[ $use == cpu ]] || needed=$kilobytes_for_cuda
  [[ $(free_kilobytes "$dependencies") -ge $needed ]] ||
    die "not enough disk space in '$dependencies': $((needed / 1024)) MiB are needed, $(($(free_kilobytes "$dependencies") / 1024)) MiB are free"
  rm -rf -- "$wheel_folder"/.partial.*
  for requirement in "${requirements[@]}"; do fetch_wheel "$requirement"; done
  if [[ $use == cuda ]]; then
    more=$(cuda_requirements)
    for requirement in $more; do
      [[ " ${requirements[*]} " == *" ${requirement%.\*} "* ]] && continue
      fetch_wheel "$requirement"
      requirements+=("$requirement")
    done
  fi
  unpack_wheels "${requirements[@]}"
}

# ensure_torch cpu|cuda: leaves a usable LibTorch in the folder that torch_folder prints.
ensure_torch() {
  if [[ -n ${HEADWAY_TORCH:-} ]]; then
    check_given_torch "$HEADWAY_TORCH"
    return
  fi
  mkdir -p -- "$dependencies"
  exec 9>"$dependencies/lock"
  if ! flock --wait 5 9; then
    say "waiting for another setup, which holds $dependencies/lock"
    flock 9
  fi
  torch_tree_holds "$1" || fetch_tree "$1"
  exec 9>&-
  say "LibTorch $torch_version is in $torch_tree"
}

torch_folder() { echo "${HEADWAY_TORCH:-$torch_tree/torch}"; }

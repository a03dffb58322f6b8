#!/usr/bin/env bash
# Every example that the programs' own --help shows works as shown: on sweeps cut down to seconds, with a
# trial of theirs in the place of the example's, in the state that the verb is for.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"

PATH=$(dirname -- "$HEADWAY"):$PATH
export PATH
export HEADWAY_CACHE=${HEADWAY_CACHE:-$HOME/.cache/headway}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
unset HEADWAY_RESULTS # ./results, as the examples name it
results=$work/results
export HOME=$work/home
mkdir -p -- "$HOME/.zfunc" "$HOME/.config/fish/completions" "$work/sweeps"
cd -- "$work"

for sweep in "$SOURCE_DIR"/sweeps/*.yaml; do
  sed -E 's/samples_per_class: [0-9]+/samples_per_class: 20/; s/([ {])epochs: [0-9]+/\1epochs: 1/;
          s/batch_size: [0-9]+/batch_size: 16/; s/width: [0-9]+/width: 4/; s/seeds: [0-9]+/seeds: 1/;
          s/^resources: \{/resources: {keep_best_checkpoint: true, /' \
    "$sweep" >"sweeps/$(basename -- "$sweep")"
done
cat >trial.yaml <<'YAML'
trial:
  dataset: {name: fashion_mnist, samples_per_class: 20}
  encoder: {name: small_cnn, width: 4}
  training: {epochs: 1, batch_size: 16}
YAML

# subverbs WORDS...: what --help lists below them.
subverbs() { "$@" --help | sed -n '/^Subcommands:/,/^$/p' | awk '/^  [a-z]/ {print $1}'; }
# examples WORDS...: the command lines that --help shows.
examples() { "$@" --help | sed -n '/^Examples\?:/,/^$/p' | sed '1d; /^$/d; s/^ *//'; }

supervisor=
stop_run() {
  [[ -z $supervisor ]] && return
  kill -TERM "$supervisor" 2>/dev/null || true
  wait "$supervisor" || true
  supervisor=
}
trap 'stop_run; rm -rf -- "$work"' EXIT

# trials_that STATE: ids, of the sweep quickstart.
trials_that() {
  headway export trials quickstart --format csv 2>/dev/null |
    python3 -c 'import csv, sys
for row in csv.DictReader(sys.stdin):
    if row["state"] == sys.argv[1]: print(row["trial_id"])' "$1"
}
has_trials_that() { [[ -n $(trials_that "$1") ]]; }

# What the results hold: nothing, or the sweep of the examples, finished, failed or running.
present=nothing
fresh() {
  stop_run
  rm -rf -- "$results"
  present=nothing
}
finished_sweep() {
  [[ $present != finished ]] || return 0
  fresh
  headway run sweeps/quickstart.yaml >/dev/null 2>&1 || fail 'the sweep of the examples'
  present=finished
}
failed_sweep() {
  fresh
  headway run sweeps/quickstart.yaml optimizer.learning_rate=1e30 >/dev/null 2>&1 || [[ $? -eq 1 ]]
}
running_sweep() {
  fresh
  headway run sweeps/quickstart.yaml training.epochs=1000000 >run.log 2>&1 &
  supervisor=$!
  wait_until 60 has_trials_that running
}

# prepare VERB: the state that its examples are for, and in $state the trials that they may name.
prepare() {
  state='done'
  case $1 in
  list | plan | doctor | completion | __complete) ;;
  run | train) fresh ;;
  cancel | interrupt) running_sweep && state=running ;;
  retry) failed_sweep && state=failed ;;
  *) finished_sweep ;;
  esac
}

count=0
# run_examples VERB WORDS...: those of `WORDS --help`.
run_examples() {
  local verb=$1 example id
  shift
  while IFS= read -r example; do
    prepare "$verb"
    if [[ $example =~ (3f2a|0123456789ab) ]]; then
      id=$(trials_that "$state" | sed -n 1p)
      [[ -n $id ]] || fail "no $state trial for: $example"
      example=${example//3f2a/${id:0:8}}
      example=${example//0123456789ab/$id}
    fi
    find . -maxdepth 1 -type f ! -name trial.yaml -delete # what earlier examples wrote
    echo "== $example"
    bash -euo pipefail -c "$example" >out 2>err </dev/null ||
      fail "$* --help: '$example' ended with $?: $(tail -n 20 out err)"
    count=$((count + 1))
  done < <(examples "$@")
}

run_examples list headway
for verb in $(subverbs headway) __complete; do
  before=$count
  run_examples "$verb" headway "$verb"
  [[ $count -gt $before ]] || fail "'$verb --help' has no examples that could be run"
  for inner in $(subverbs headway "$verb"); do run_examples "$verb" headway "$verb" "$inner"; done
done
for verb in '' $(subverbs "$HEADWAY_WORKER"); do
  # shellcheck disable=SC2086  # no verb is no word
  [[ -z $(examples "$HEADWAY_WORKER" $verb) ]] || fail 'headway-worker has examples, which nothing runs'
done
[[ $count -ge 40 ]] || fail "only $count examples were found"
echo "$count examples"

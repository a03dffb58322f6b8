#!/usr/bin/env bash
# The example components of docs/adding_a_component.md are listed, planned and trained.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd -- "$folder"
export HEADWAY_RESULTS=$folder/results

cat >examples.yaml <<'YAML'
name: examples
trial:
  dataset: {name: fashion_mnist, samples_per_class: 20}
  encoder: {name: small_cnn, width: 4}
  optimizer: {name: sgd, learning_rate: 0.05}
  training: {epochs: 2, batch_size: 20, shards: 2}
sweep:
  grid:
    head: [{name: euclidean}, {name: euclidean, scale: 0.5}]
    class_vectors: [{distribution: rademacher}, {distribution: rademacher, learned: false, norm: unit}]
  seeds: 1
resources: {device: cpu, threads_per_rank: 1}
YAML

fail() {
  echo "FAILED: $*"
  exit 1
}

"$HEADWAY" list heads euclidean >list.txt || fail "list heads does not know the example"
"$HEADWAY" list class-vectors rademacher >list.txt || fail "list class-vectors does not know the example"
"$HEADWAY" plan examples.yaml --json >plan.json || fail "plan"
[[ $(grep -c '"trial_id"' plan.json) -eq 4 ]] || { cat plan.json; fail "plan should find 4 trials"; }
if "$HEADWAY" plan examples.yaml head.scal=2 >plan.txt 2>&1; then fail "an unknown option passed"; fi
grep -q "did you mean 'head.scale'" plan.txt || { cat plan.txt; fail "the option's name is not suggested"; }
if "$HEADWAY" plan examples.yaml head.scale=-1 >plan.txt 2>&1; then fail "a negative scale passed"; fi

"$HEADWAY" run examples.yaml >run.txt 2>&1 || { cat run.txt; fail "run"; }
"$HEADWAY" table examples --by head.scale,class_vectors.learned --metrics test/top1_accuracy --format csv >table.csv
[[ $(grep -c . table.csv) -eq 5 ]] || { cat table.csv; fail "the table should have 4 rows"; }

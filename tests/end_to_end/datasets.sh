#!/usr/bin/env bash
# A sweep on images in colour, from files in CIFAR-10's own format.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"
export HEADWAY_CACHE=$work/cache

for name in fashion_mnist cifar10 cifar100; do
  "$HEADWAY" list datasets | grep -qx "$name" || fail "list does not know $name"
done

cat >"$work/colour.yaml" <<YAML
name: colour
trial:
  dataset: {name: cifar10, root: $work/data, samples_per_class: 30}
  encoder: {name: small_cnn, width: 4}
  augmentation: [{name: crop, padding: 2}, {name: cutout, size: 6}, {name: flip}]
  training: {epochs: 2, batch_size: 30}
sweep:
  grid: {head: [{name: dot}, {name: cosine}]}
YAML

# Plans need no data; runs say how to get it.
"$HEADWAY" plan "$work/colour.yaml" >"$work/plan"
grep -q '^trials  2 in 2 cells$' "$work/plan" || fail "wrong plan: $(cat "$work/plan")"
if "$HEADWAY" train "$work/colour.yaml" 'head={name: dot}' name=absent 2>"$work/err"; then
  fail 'trained without data'
fi
grep -q 'cifar-10-binary.tar.gz' "$work/err" || fail "no word of how to get it: $(cat "$work/err")"

make_dataset "$work/data" 300 50 cifar10
"$HEADWAY" run "$work/colour.yaml"
[[ $(query colour "select count(*) from trials where state = 'done'") == 2 ]] || fail 'not all done'
accuracy=$(query colour "select min(value) from results where split = 'test' and name = 'top1_accuracy'")
python3 -c 'import sys; sys.exit(not float(sys.argv[1]) > 0.2)' "$accuracy" ||
  fail "two epochs taught nothing: accuracy $accuracy"
echo "trained on 32 x 32 images in colour: accuracy at least $accuracy"

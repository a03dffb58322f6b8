#!/usr/bin/env bash
# A sweep on images in colour, from files in CIFAR-10's own format.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"
export HEADWAY_CACHE=$work/cache

"$HEADWAY" list datasets >"$work/list"
for name in fashion_mnist cifar10 cifar100; do
  grep -qx "$name" "$work/list" || fail "list does not know $name"
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
if "$HEADWAY" train "$work/colour.yaml" 'head={name: dot}' name=absent >"$work/err" 2>&1; then
  fail 'trained without data'
fi
grep -q 'cifar-10-binary.tar.gz' "$work/err" || fail "no word of how to get it: $(cat "$work/err")"

make_dataset "$work/data" 300 50 cifar10
"$HEADWAY" run "$work/colour.yaml"
[[ $(query colour "select count(*) from trials where state = 'done'") == 2 ]] || fail 'not all done'
measured=$(query colour "select count(*) from results where split = 'test' and name = 'top1_accuracy'
  and value between 0 and 1")
[[ $measured == 2 ]] || fail "accuracies of $measured trials"
echo "trained on 32 x 32 images in colour"

#!/usr/bin/env bash
# Records and files that are lost are named by every command, with advice that works.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"
cd -- "$work"

write_plain_sweep
exits 0 "$HEADWAY" run plain.yaml
exits 0 "$HEADWAY" fsck plain
trial=$(query plain 'select trial_id from trials order by seed limit 1')
read -r segment _ < <(grep -l "$trial" results/plain/segments/*)

# anew: the sweep as it was trained.
cp -r results/plain whole
anew() {
  rm -rf results/plain
  cp -r whole results/plain
}
# says TEXT COMMAND...: among all that it says.
says() {
  local text=$1
  shift
  "$@" >"$work/log" 2>&1 || true
  grep -qF -- "$text" "$work/log" || { cat "$work/log"; fail "not said by '$*': $text"; }
}
# all_say TEXT: every command that tells of results.
all_say() {
  local command
  for command in 'table plain' "show $trial --sweep plain" 'export trials plain' 'status plain' \
    'status plain --json' "why $trial plain" 'evaluate plain --suite calibration --dry-run'; do
    # shellcheck disable=SC2086
    says "$1" "$HEADWAY" $command
  done
}
silent() {
  "$HEADWAY" "$@" >"$work/log" 2>&1 || true
  ! grep -q 'records are lost' "$work/log" || { cat "$work/log"; fail "still told by '$*'"; }
}

# A segment that is gone, with the store there and without; a link in its place.
for store in there gone; do
  for place in gone link; do
    anew
    mv "$segment" elsewhere.jsonl
    [[ $place == gone ]] || ln -s "$work/elsewhere.jsonl" "$segment"
    [[ $store == there ]] || rm results/plain/results.sqlite
    all_say "records are lost: segment ${segment##*/}"
    exits 4 "$HEADWAY" fsck plain
    grep -q "^damage .*${segment##*/}: segment" "$work/log" || { cat "$work/log"; fail "fsck: $store, $place"; }
  done
done
rm "$segment"
exits 0 "$HEADWAY" fsck plain --rebuild
grep -q 'the loss was accepted' "$work/log" || { cat "$work/log"; fail 'fsck of an accepted loss'; }
silent table plain
silent status plain
anew
rm "$segment" results/plain/results.sqlite
says "records are lost: segment ${segment##*/}" "$HEADWAY" run plain
silent table plain
exits 0 "$HEADWAY" fsck plain

# A list of vanished trials that was edited: the advice works.
anew
exits 3 "$HEADWAY" run plain.yaml 'sweep.seeds=[1]'
list=results/plain/trials.vanished.jsonl
sed -i 's/"learning_rate":0.1,/"learning_rate":0.5,/' "$list"
grep -q '"learning_rate":0.5,' "$list" || fail "$list was not edited: $(cat "$list")"
exits 4 "$HEADWAY" fsck plain
grep -q 'trials.vanished.jsonl: trial .* does not fit its ids' "$work/log" || { cat "$work/log"; fail 'the list is not named'; }
exits 4 "$HEADWAY" table plain
grep -q "in .*trials.vanished.jsonl does not fit its ids.*'headway run' with the sweep file" "$work/log" ||
  { cat "$work/log"; fail 'the list is not named'; }
exits 3 "$HEADWAY" run plain.yaml 'sweep.seeds=[1]'
exits 0 "$HEADWAY" table plain
says 'neither the plan nor an earlier one holds it' "$HEADWAY" fsck plain
exits 3 "$HEADWAY" run plain.yaml
exits 0 "$HEADWAY" fsck plain

# Weights of a finished trial that are gone.
anew
rm "results/plain/artifacts/$trial/weights.safetensors"
exits 4 "$HEADWAY" fsck plain
grep -q 'put the file back, or train the trial anew in a sweep of another name' "$work/log" || fail 'no remedy'
exits 4 "$HEADWAY" export weights "$trial" --sweep plain --out weights.safetensors
grep -q 'are gone' "$work/log" || { cat "$work/log"; fail 'export weights'; }

# What cannot be checked hinders no other check: the missing weights are found each time.
rm results/plain/plan.json
exits 4 "$HEADWAY" fsck plain
grep -q 'plan.json is gone' "$work/log" || { cat "$work/log"; fail 'plan.json'; }
grep -q 'the weights of a finished trial are gone' "$work/log" || fail 'the weights were not checked'
anew
ln -sf /etc/passwd "results/plain/artifacts/$trial/best.safetensors"
rm "results/plain/artifacts/$trial/weights.safetensors"
exits 4 "$HEADWAY" fsck plain
[[ $(grep -c '^damage ' "$work/log") -eq 2 ]] || { cat "$work/log"; fail 'a link out of the sweep'; }
if [[ $(id -u) -eq 0 ]]; then
  anew
  chown -R 65534 results/plain
  chmod 000 results/plain/segments
  chmod go+rX "$work"
  cp "$HEADWAY" headway
  exits 6 env -C / HEADWAY_CACHE=/nowhere setpriv --reuid=65534 --clear-groups "$work/headway" fsck plain
fi
echo 'named by every command: lost records, links, edited lists, missing weights'

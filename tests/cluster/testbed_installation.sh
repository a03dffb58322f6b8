#!/usr/bin/env bash
# Where the testbed cannot run it says so with status 77; while it installs packages no service is started, and the
# machine's own rule about services is back when it is through or broken off.
# shellcheck disable=SC2016 # commands for another shell
set -euo pipefail
# shellcheck source=tests/support/testbed.sh
source "$SOURCE_DIR/tests/support/testbed.sh"

if [[ $(id -u) -ne 0 ]]; then
  echo "skipped: only root can hide programs and be someone else" >&2
  exit 77
fi
chmod 755 -- "$work"
mkdir -- "$work"/{tree,stubs,sbin}
cp -r -- "$SOURCE_DIR/scripts" "$SOURCE_DIR/cluster" "$work/tree"

# refuses REASON COMMAND...: status 77, and that reason
refuses() {
  exits 77 "${@:2}"
  grep -qE -- "$1" "$work/log" || fail "the reason is: $(<"$work/log")"
}
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
refuses "cannot run here: only root" "${nobody[@]}" "$work/tree/scripts/testbed" up
# in_private COMMANDS: changes what is mounted for itself alone; $0 is the script under test.
in_private() { unshare --mount bash -euc "$1" "$testbed" "$work"; }
refuses "cannot run here: missing: .*\<ip\>.* scripts/testbed install" in_private '
  mount --bind /dev/null "$(readlink -f "$(PATH=$PATH:/usr/sbin command -v ip)")" && exec "$0" up'

# Stubs stand for Debian's programs: no package is installed, apt-get tells what the start of a service would be
# told, and fails. /usr/sbin is a folder of the test's own.
cat >"$work/stubs/dpkg-query" <<'STUB'
#!/bin/sh
exit 1
STUB
cat >"$work/stubs/apt-get" <<STUB
#!/bin/sh
told=0
/usr/sbin/policy-rc.d || told=\$?
echo "\$told" >>"$work/told"
while test -e "$work/wait"; do sleep 0.1; done
exit 1
STUB
chmod 755 -- "$work"/stubs/*
install_in_private=(unshare --mount bash -euc
  'mount --bind "$1/sbin" /usr/sbin && PATH=$1/stubs:/usr/bin:/bin exec "$0" install' "$testbed" "$work")
# left FILES: what /usr/sbin holds
left() { expect "files in /usr/sbin" "$1" "$(cd -- "$work/sbin" && printf '%s ' *)"; }

refuses "cannot run here: could not install slurmctld" "${install_in_private[@]}"
expect "what services were told at each call of apt-get" "101 101" "$(paste -sd' ' "$work/told")"
left "* "
printf '#!/bin/sh\nexit 3\n' >"$work/sbin/policy-rc.d"
chmod 755 -- "$work/sbin/policy-rc.d"
refuses "could not install" "${install_in_private[@]}"
left "policy-rc.d "
expect "the machine's own rule" "exit 3" "$(tail -n 1 "$work/sbin/policy-rc.d")"

# killed, it cannot clean up: the next call does
rm -- "$work/told"
touch "$work/wait"
"${install_in_private[@]}" >"$work/log" 2>&1 &
installer=$!
wait_until 60 test -e "$work/told"
kill -KILL "$installer"
{ wait "$installer" || true; } 2>/dev/null
left "policy-rc.d policy-rc.d.before-headway-testbed "
rm -- "$work/wait"
refuses "could not install" "${install_in_private[@]}"
left "policy-rc.d "
expect "the machine's own rule" "exit 3" "$(tail -n 1 "$work/sbin/policy-rc.d")"
rm -- "$work/stubs/dpkg-query"
refuses "not a Debian system" in_private '
  mount --bind /dev/null /usr/bin/dpkg-query && PATH=$1/stubs:$PATH exec "$0" install'
echo "no service is started, and the machine's rule is kept"

#!/bin/sh
# usage: ccache.sh CCACHE COMPILER ARGUMENTS...
#
# The compiler's launcher. g++ never writes the same precompiled header twice, so that ccache would
# take all that uses it for changed as soon as it is compiled anew. Beside each go checksums of
# what it was made from, and CCACHE_PCH_EXTSUM has ccache read that instead.
set -eu

output=
previous=
for argument; do
  if [ "$previous" = -o ]; then output=$argument; fi
  previous=$argument
done
case $output in
  *.gch) ;;
  *) exec "$@" ;;
esac

rm -f -- "$output.sum"
"$@"
shift  # where ccache lies is of no matter, nor where the build is
if {
  printf '%s\n' "$@" | sed "s|$PWD/||g"
  sed -e '1s/^[^:]*://' -e 's/\\$//' "$output.d" | xargs sha256sum --
} >"$output.sum.new"; then
  mv -- "$output.sum.new" "$output.sum"
fi  # else ccache reads the precompiled header itself

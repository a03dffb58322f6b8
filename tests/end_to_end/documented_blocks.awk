# Prints the shell and Python blocks of a Markdown file as one bash script, in their order. A block is
# left out when "<!-- not run: REASON -->" stands on the line before it.
/^<!-- not run: .+ -->$/ { skip_next = 1; next }
/^ *```(sh|python)$/ {
  inside = 1
  skipped = skip_next
  skip_next = 0
  python = /python$/
  if (!skipped && python) print "python3 - <<'END_OF_PYTHON'"
  next
}
/^ *```/ {
  if (inside && !skipped && python) print "END_OF_PYTHON"
  inside = 0
  next
}
inside && !skipped { print; next }
/[^ ]/ { skip_next = 0 }

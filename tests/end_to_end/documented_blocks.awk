# Prints the shell and Python blocks of a Markdown file as one bash script, in their order, and plans its
# YAML blocks: they are sweep files. A block is left out when "<!-- not run: REASON -->" stands on the line
# before it. With -v only=cluster it prints those alone that stand after "<!-- run by tests/cluster -->".
/^<!-- run by tests\/cluster -->$/ { of_cluster = 1; next }
/^<!-- not run: .+ -->$/ { skip_next = 1; next }
/^ *```(sh|python|yaml)$/ {
  inside = 1
  skipped = skip_next || of_cluster != (only == "cluster")
  skip_next = of_cluster = 0
  python = /python$/
  yaml = /yaml$/
  if (!skipped && python) print "python3 - <<'END_OF_PYTHON'"
  if (!skipped && yaml) print "cat >documented.yaml <<'END_OF_YAML'"
  next
}
/^ *```/ {
  if (inside && !skipped && python) print "END_OF_PYTHON"
  if (inside && !skipped && yaml) print "END_OF_YAML\nheadway plan documented.yaml"
  inside = 0
  next
}
inside && !skipped { print; next }
/[^ ]/ { skip_next = of_cluster = 0 }

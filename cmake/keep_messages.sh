#!/bin/sh
# keep_messages.sh COMPILER ... -o OBJECT ...: what the compiler says goes to OBJECT.messages, and is shown where it fails.
previous=
for argument; do
  if [ "$previous" = -o ]; then messages=$argument.messages; fi
  previous=$argument
done
if "$@" > "$messages" 2>&1; then exit 0; fi
status=$?
cat "$messages" >&2
exit $status

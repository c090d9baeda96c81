#!/bin/sh
# Print a Python that is 3.11 or newer: the one given, else the newest on the path. Each is run, since
# a version switcher's shim may stand for a Python that is not there.
for name in "${1:-python3.14}" ${1:-python3.13 python3.12 python3.11 python3 python}; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        command -v "$name"
        exit
    fi
done
tell='import sys; print("%d.%d at %s" % (sys.version_info[0], sys.version_info[1], sys.executable))'
found=$("${1:-python3}" -c "$tell" 2>/dev/null)
echo "Tocsin needs Python 3.11 or newer; found ${found:-no ${1:-python3}}; install it or run make up PYTHON=/path/to/python" >&2
exit 1

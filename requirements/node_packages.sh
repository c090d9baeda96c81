#!/bin/sh
# Install Knock's own CLI and management SDK, which tests/knock_cli runs, where Node 18.17 or newer is. Elsewhere
# those tests are skipped, and listed as skipped.
cd "$(dirname "$0")/../tests/knock_cli" || exit 1
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    echo "No Node: the tests that run Knock's own CLI will be skipped."
    exit 0
fi
# npm keeps a copy of the lock beside what it installed; this one is ours, of what was asked for.
cmp -s package-lock.json node_modules/.installed-lock.json && exit 0
echo "Installing Knock's CLI ..."
{ npm ci --no-audit --no-fund --ignore-scripts --omit-lockfile-registry-resolved=true >/dev/null 2>&1 &&
    cp package-lock.json node_modules/.installed-lock.json; } ||
    echo "Knock's CLI could not be installed: the tests that run it will be skipped."

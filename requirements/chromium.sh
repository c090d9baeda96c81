#!/bin/sh
# Install Chromium for the tests that look at pages, where this may: as root with apt-get. Elsewhere
# those tests are skipped, and listed as skipped.
command -v chromium >/dev/null || command -v google-chrome >/dev/null && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "No Chromium: the tests that look at pages will be skipped."
    exit 0
fi
echo "Installing Chromium ..."
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 ||
    echo "Chromium could not be installed: the tests that look at pages will be skipped."

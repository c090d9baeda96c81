#!/bin/sh
# Install libfaketime for the scene of chaos in which clocks step, where this may: as root with apt-get.
# Elsewhere that scene is not played, which is told.
ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "No libfaketime: the scene clock_steps will not be played."
    exit 0
fi
echo "Installing libfaketime ..."
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends libfaketime; } >/dev/null 2>&1 ||
    echo "libfaketime could not be installed: the scene clock_steps will not be played."

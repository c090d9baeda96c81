#!/bin/sh
# Install a package of Debian's where this may: as root with apt-get. Elsewhere what needs it is left out, and told.
# sh requirements/debian_package.sh <package> <what is there once it is installed> <what is left out without it>
package=$1 there=$2 without=$3
command -v "$there" >/dev/null && exit 0
for file in $there; do [ -e "$file" ] && exit 0; done
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "No $package: $without."
    exit 0
fi
echo "Installing $package ..."
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends "$package"; } >/dev/null 2>&1 ||
    echo "$package could not be installed: $without."

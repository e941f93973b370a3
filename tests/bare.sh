#!/usr/bin/env bash
# A bare Debian 12 with what README names and nothing else, and a clone of this repository: does
# `make run` serve there, and do the tests pass? It has a network and processes of its own, so that
# the servers of this machine are not in its way. Needs root; not a part of continuous integration.
#
#   tests/bare.sh              # make run, then make test
#   tests/bare.sh COMMAND…     # make run, then this
#
# MIRROR names another mirror of Debian's, KEEP=1 leaves the folder behind.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -gt 0 ]; then then=$*; else then="make test"; fi

[ "$(id -u)" = 0 ] || { echo "A bare Debian can only be made by root."; exit 1; }
packages=()
for tool in debootstrap slirp4netns; do
  command -v $tool >/dev/null || packages+=($tool)
done
[ ${#packages[@]} = 0 ] || apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null

place=$(mktemp -d "${TMPDIR:-/var/tmp}/bare-XXXXXX")
root=$place/root
network=$(basename "$place")
slirp=
clean_up() {
  [ -z "$slirp" ] || kill "$slirp" || true
  ip netns del "$network" 2>/dev/null || true
  [ -n "${KEEP:-}" ] || rm -rf --one-file-system "$place"
}
trap clean_up EXIT

say() { echo "[$((SECONDS / 60)):$(printf %02d $((SECONDS % 60)))] $*"; }

say "Debian 12 with make, python3 and python3-venv …"
debootstrap --variant=minbase --include=ca-certificates,make,python3,python3-venv bookworm \
  "$root" "${MIRROR:-http://deb.debian.org/debian}" >"$place/debootstrap.log" \
  || { tail -n 5 "$place/debootstrap.log"; exit 1; }

# Whom this machine trusts, and by what mirrors it installs.
cp -r /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/"
chroot "$root" update-ca-certificates >/dev/null 2>&1
passed=()
for name in PIP_INDEX_URL PIP_CERT PIP_DEFAULT_TIMEOUT NPM_CONFIG_REGISTRY NODE_EXTRA_CA_CERTS \
  SSL_CERT_FILE REQUESTS_CA_BUNDLE http_proxy https_proxy no_proxy; do
  [ -z "${!name:-}" ] || passed+=("$name=${!name}")
done

git clone --quiet --no-hardlinks . "$root/srv/gallery"
say "Cloned $(git rev-parse --short HEAD)."

# The gateway and the name server of slirp4netns; its loopback is not this machine's.
ip netns add "$network"
ip netns exec "$network" ip link set lo up
slirp4netns --configure --disable-host-loopback --netns-type=path "/run/netns/$network" tap0 \
  >"$place/slirp.log" 2>&1 &
slirp=$!
echo "nameserver 10.0.2.3" >"$root/etc/resolv.conf"
printf '127.0.0.1 localhost bare\n::1 localhost\n' >"$root/etc/hosts"
cp tests/bare_inside.sh "$root/bare_inside.sh"

say "make run …"
export root
ip netns exec "$network" unshare --mount --pid --fork --kill-child --uts bash -c '
  hostname bare
  mount --make-rprivate /
  mount -t proc proc "$root/proc"
  mount -t sysfs sysfs "$root/sys"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs tmpfs "$root/dev/shm"
  exec chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
' bare "${passed[@]}" bash /bare_inside.sh "$then" && status=0 || status=$?
say "$then: exit status $status"
exit $status

#!/usr/bin/env bash
# Builds the image of infra/Dockerfile without a network or a daemon, from binaries that it builds itself: infra/image.sh ARCH...
# Writes build/assay-ARCH.tar, for docker load, podman load, skopeo copy or ctr image import, and build/assay-ARCH.cdx.json, which lists
# its modules (CycloneDX). The same commit gives the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."

out=${OUT:-build}
limit=$((40 << 20)) # bytes
certificates=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
version=$(sed -n 's/^appVersion: *"\(.*\)"/\1/p' infra/helm/Chart.yaml)

command -v buildah >/dev/null || { echo "buildah is missing: apt-get install buildah, or build with docker build -f infra/Dockerfile ." >&2; exit 1; }
[ -f "$certificates" ] || { echo "$certificates is missing: apt-get install ca-certificates, or name a file in SSL_CERT_FILE" >&2; exit 1; }
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs # need no kernel that mounts

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"
for arch; do
  stage=$work/$arch
  CGO_ENABLED=0 GOOS=linux GOARCH=$arch go build -trimpath -tags grpcnotrace -ldflags='-s -w' -o "$stage/image/assay" .
  (cd infra/check && go run . "$stage/image/assay") >"$out/assay-$arch.cdx.json"
  install -D -m 0644 "$certificates" "$stage/image/etc/ssl/certs/ca-certificates.crt"
  buildah --root "$work/storage" --runroot "$work/run" bud --quiet --timestamp 0 --os linux --arch "$arch" --build-arg TARGETOS=linux \
    --build-context build="$stage" --file infra/Dockerfile --tag "assay:$version" "$work" >/dev/null
  rm -f "$out/assay-$arch.tar" # which buildah would add to
  buildah --root "$work/storage" --runroot "$work/run" push --quiet "assay:$version" "docker-archive:$out/assay-$arch.tar:assay:$version"
  size=$(stat -c %s "$out/assay-$arch.tar")
  echo "$out/assay-$arch.tar: assay:$version for linux/$arch, $((size >> 10)) KiB"
  [ "$size" -le "$limit" ] || { echo "that is more than 40 MiB" >&2; exit 1; }
done

#!/bin/sh
# Runs everything that can tell whether mvrun is right: form, linters, the other
# systems' builds, the race detector, and all tests. Installs what these need.
set -eu
cd "$(dirname "$0")/.."

STATICCHECK=v0.8.2
GOVULNCHECK=v1.9.0

step() { printf '\n== %s\n' "$*"; }

step "packages"
sh tests/install
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT

# A test that lacks something on this machine fails, and names it. Some need root,
# so others than root are only shown those that are skipped.
if [ "$(id -u)" -eq 0 ]; then
    export MVRUN_TEST_STRICT=1
fi
export CGO_ENABLED=0
# git refuses to tell the revision of another user's folder.
export GOFLAGS="${GOFLAGS:-} -buildvcs=false"

step "gofmt"
unformatted=$(gofmt -l .)
if [ -n "$unformatted" ]; then
    printf 'not formatted:\n%s\n' "$unformatted" >&2
    exit 1
fi

step "go vet"
go vet ./...

# Beside the module, so that its go.mod knows nothing of them.
step "staticcheck $STATICCHECK"
GOBIN=$tools go install "honnef.co/go/tools/cmd/staticcheck@$STATICCHECK"
"$tools/staticcheck" ./...

step "govulncheck $GOVULNCHECK"
GOBIN=$tools go install "golang.org/x/vuln/cmd/govulncheck@$GOVULNCHECK"
found=0
"$tools/govulncheck" ./... || found=$?
case $found in
0) ;;
3) exit 1 ;; # vulnerabilities; see govulncheck's documentation of its statuses
*) echo "NOT CHECKED: govulncheck could not do its work, as when the database at vuln.go.dev cannot be reached" ;;
esac

step "builds for other systems"
GOOS=linux GOARCH=amd64 go build -o /dev/null ./...
GOOS=linux GOARCH=arm64 go build -o /dev/null ./...
GOOS=darwin GOARCH=arm64 go vet ./...

# The tests over the binary are left to the last step: the binary is one built
# without the race detector, as it is shipped.
step "go test -race"
# shellcheck disable=SC2046 # a list of packages
CGO_ENABLED=1 go test -race -count=1 -timeout 20m $(go list ./... | grep -v '/tests$')

if [ -z "${MVRUN_TEST_STRICT:-}" ]; then
    step "skipped without root"
    go test -v ./tests | grep -A 1 -e '^ *--- SKIP' || true
fi

step "go test"
go test -count=1 -timeout 20m ./...

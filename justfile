# Short names for the commands of everyday work. `just` itself is a convenience: each recipe is one plain command.

# list the recipes
default:
    @just --list

# format, lints, licences and dependencies
check:
    tests/run.sh check

# everything CI checks, with real servers and a real browser
test:
    tests/run.sh

# the pure packages alone, in seconds
quick:
    tests/run.sh quick

# the product with simulated events, on loopback
demo:
    cargo run --release -- demo

# alerting and recording rules, against promtool and amtool
rules:
    cargo test --package joinedup-tests --test it rules

# format every package
fmt:
    cargo fmt --all

# the documentation of the packages, in a browser
doc:
    cargo doc --workspace --no-deps --open

# exactly what CI runs
ci:
    bash .ci/run

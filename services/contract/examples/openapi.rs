//! Writes the OpenAPI document: `cargo run -p joinedup-contract --features schema --example openapi`.

use std::io;
use std::path::Path;

fn main() -> io::Result<()> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    std::fs::write(file, joinedup_contract::document::text())
}

//! Writes the JSON Schemas, what refusals say of them and the AsyncAPI document into this crate's folder: `cargo run -p joinedup-events --example schemas`.
#![allow(
    clippy::disallowed_methods,
    reason = "the crate is pure; the tool that writes its files is not"
)]

use std::path::Path;

fn main() -> std::io::Result<()> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = home.join("schemas");
    std::fs::create_dir_all(&folder)?;
    for old in std::fs::read_dir(&folder)? {
        let old = old?.path();
        if old.extension().is_some_and(|e| e == "json") {
            std::fs::remove_file(old)?;
        }
    }
    for (event_type, schema) in joinedup_events::schema::all() {
        std::fs::write(
            folder.join(format!("{event_type}.json")),
            format!("{schema:#}\n"),
        )?;
    }
    let expected = serde_json::to_string_pretty(&joinedup_events::schema::expected())?;
    std::fs::write(home.join("data/expected.json"), expected + "\n")?;
    let asyncapi = joinedup_events::schema::asyncapi();
    std::fs::write(home.join("asyncapi.json"), format!("{asyncapi:#}\n"))
}

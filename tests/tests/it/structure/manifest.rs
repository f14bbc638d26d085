//! The workspace as cargo tells it.

use std::path::PathBuf;
use std::process::Command;

use joinedup_tests::folders;
use joinedup_tests::tools::Run;
pub use serde_json::Value;

/// A package of the workspace.
pub struct Package {
    pub name: String,
    pub folder: PathBuf,
    pub dependencies: Vec<Dependency>,
}

/// One line of a package's manifest, of whatever kind (normal, dev, build).
pub struct Dependency {
    pub name: String,
    pub dev: bool,
    pub features: Vec<String>,
    pub default_features: bool,
}

/// `cargo metadata` of the workspace, all of it.
pub fn metadata(extra: &[&str]) -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let run = Run::of(
        Command::new(cargo)
            .args(["metadata", "--format-version", "1"])
            .args(extra)
            .current_dir(folders::repository()),
    );
    serde_json::from_str(run.succeeded()).unwrap()
}

/// The platform of this machine, as rustc names it. Asked for all platforms, cargo would fetch packages of others.
pub fn host() -> String {
    let run = Run::of(Command::new("rustc").arg("-vV"));
    let host = run
        .succeeded()
        .lines()
        .find_map(|line| line.strip_prefix("host: "));
    host.unwrap().to_owned()
}

/// The workspace's own packages.
pub fn packages() -> Vec<Package> {
    list(&metadata(&["--no-deps"])["packages"])
        .map(|package| Package {
            name: text(&package["name"]),
            folder: PathBuf::from(text(&package["manifest_path"]))
                .parent()
                .unwrap()
                .into(),
            dependencies: list(&package["dependencies"])
                .map(|dependency| Dependency {
                    name: text(&dependency["name"]),
                    dev: dependency["kind"] == "dev",
                    features: list(&dependency["features"]).map(text).collect(),
                    default_features: dependency["uses_default_features"] == true,
                })
                .collect(),
        })
        .collect()
}

pub fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

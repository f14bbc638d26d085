//! `compose.yaml` itself: right by the schema of compose files, safe in what it gives each container, and with nothing
//! in it that is not there. Its commands and files are started in `compose`.

use std::collections::{BTreeMap, BTreeSet};

use joinedup_tests::folders;
use serde_json::Value;

use super::alerts::length;

/// The file, with merged keys merged and each variable replaced.
pub struct Compose(pub Value);

impl Compose {
    /// As it is in the repository, with `${NAME:-default}` as its default.
    pub fn read() -> Self {
        Self::with(&BTreeMap::new())
    }

    /// As it is with the variables of `services/nats/cluster.env`: the log on three servers.
    pub fn of_a_cluster() -> Self {
        let file = folders::repository().join("services/nats/cluster.env");
        let text = std::fs::read_to_string(file).unwrap();
        let set = text.lines().filter_map(|line| line.split_once('='));
        Self::with(&set.filter(|(name, _)| !name.starts_with('#')).collect())
    }

    fn with(variables: &BTreeMap<&str, &str>) -> Self {
        let text = std::fs::read_to_string(folders::repository().join("compose.yaml")).unwrap();
        let text = replaced(&text, variables);
        let mut file: serde_yaml_ng::Value = serde_yaml_ng::from_str(&text).unwrap();
        file.apply_merge().unwrap();
        Self(serde_json::to_value(file).unwrap())
    }

    fn services(&self) -> BTreeMap<&str, &Value> {
        let all = self.0["services"].as_object().unwrap();
        all.iter().map(|(name, one)| (name.as_str(), one)).collect()
    }

    /// A service's command.
    pub fn command(&self, service: &str) -> Vec<String> {
        strings(&self.0["services"][service]["command"])
    }

    /// A service's environment.
    pub fn environment(&self, service: &str) -> BTreeMap<String, String> {
        let all = self.0["services"][service]["environment"].as_object();
        let text = |(name, value): (&String, &Value)| {
            (name.clone(), value.as_str().unwrap_or_default().to_owned())
        };
        all.into_iter().flatten().map(text).collect()
    }

    /// The file of the repository that a service finds under a path.
    pub fn file(&self, service: &str, target: &str) -> String {
        let service = &self.0["services"][service];
        for mount in strings(&service["volumes"]) {
            if let Some((source, _)) = mount.split_once(&format!(":{target}")) {
                return source.trim_start_matches("./").to_owned();
            }
        }
        for config in service["configs"].as_array().into_iter().flatten() {
            if config["target"] == target {
                let file = &self.0["configs"][config["source"].as_str().unwrap()]["file"];
                return file.as_str().unwrap().trim_start_matches("./").to_owned();
            }
        }
        panic!("nothing is at {target}")
    }
}

/// The texts of a list.
fn strings(list: &Value) -> Vec<String> {
    let all = list.as_array().into_iter().flatten();
    all.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn replaced(text: &str, variables: &BTreeMap<&str, &str>) -> String {
    let mut parts = text.split("${");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        let (variable, rest) = part.split_once('}').unwrap();
        let (name, default) = variable.split_once(":-").unwrap();
        out += variables.get(name).unwrap_or(&default);
        out += rest;
    }
    out
}

#[test]
fn the_file_is_right_by_the_schema_of_compose_files() {
    let path = folders::repository().join("tests/compose-spec/compose-spec.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut compose = Compose::read().0;
    let wrong: Vec<String> = validator
        .iter_errors(&compose)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(wrong, [""; 0]);
    // And the schema bites.
    compose["services"]["nats"]["depend_on"] = Value::Null;
    assert!(!validator.is_valid(&compose));
}

#[test]
fn every_service_is_confined_and_is_asked_how_it_is() {
    let compose = Compose::read();
    for (name, service) in compose.services() {
        assert_eq!(strings(&service["cap_drop"]), ["ALL"], "{name}");
        let image = service["image"].as_str().unwrap();
        let tag = image.rsplit_once(':').map(|(_, tag)| tag);
        assert!(tag.is_some_and(|tag| tag != "latest"), "{name}: {image}");
        for port in strings(&service["ports"]) {
            assert!(port.starts_with("127.0.0.1:"), "{name}: {port}");
        }
        // It is root, gives the folders of NATS to NATS, and does nothing else.
        if name == "nats-folder" {
            let folders = strings(&service["volumes"]);
            let folders: Vec<&str> = folders
                .iter()
                .map(|f| f.split_once(':').unwrap().1)
                .collect();
            let mut command = vec!["chown", "65532:65532"];
            command.extend(&folders);
            // Nothing in the folders: with this right alone root cannot look into one that NATS has closed to others.
            assert_eq!(strings(&service["entrypoint"]), command);
            assert_eq!(strings(&service["cap_add"]), ["CHOWN"]);
            continue;
        }
        assert_eq!(service["read_only"], true, "{name}");
        let user = service["user"].as_str().unwrap();
        assert!(!user.starts_with('0'), "{name}: {user}");
        let asked = &service["healthcheck"];
        let serves = !["stream", "simulate"].contains(&name);
        assert_eq!(asked["test"].is_array(), serves, "{name}: {asked}");
        assert_eq!(asked["disable"] == true, !serves, "{name}: {asked}");
    }
    let profiles: BTreeSet<(&str, String)> = compose
        .services()
        .into_iter()
        .flat_map(|(name, service)| {
            strings(&service["profiles"])
                .into_iter()
                .map(move |p| (name, p))
        })
        .collect();
    let expected = [
        ("nats-2", "cluster".to_owned()),
        ("nats-3", "cluster".to_owned()),
        ("simulate", "demo".to_owned()),
        ("alertmanager", "alerting".to_owned()),
    ];
    assert_eq!(profiles, BTreeSet::from(expected));
}

#[test]
fn what_the_file_names_is_there() {
    let compose = Compose::read();
    let root = folders::repository();
    let secrets = std::fs::read_to_string(root.join("services/make-secrets.sh")).unwrap();
    let known = |kind: &str| -> BTreeSet<String> {
        compose.0[kind]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    let (volumes, configs) = (known("volumes"), known("configs"));
    for (name, service) in compose.services() {
        for mount in strings(&service["volumes"]) {
            let source = mount.split(':').next().unwrap();
            match source.strip_prefix("./") {
                Some(file) => assert!(root.join(file).exists(), "{name}: {file}"),
                None => assert!(volumes.contains(source), "{name}: {source}"),
            }
        }
        for config in service["configs"].as_array().into_iter().flatten() {
            assert!(
                configs.contains(config["source"].as_str().unwrap()),
                "{name}"
            );
        }
        for secret in service["secrets"].as_array().into_iter().flatten() {
            let named = secret.as_str().or(secret["source"].as_str()).unwrap();
            let file = compose.0["secrets"][named]["file"].as_str().unwrap();
            let file = file.rsplit('/').next().unwrap();
            assert!(secrets.contains(file), "{name}: {file} is made by nobody");
        }
    }
    for config in compose.0["configs"].as_object().unwrap().values() {
        assert!(root.join(config["file"].as_str().unwrap()).exists());
    }
    // Prometheus scrapes services of this file, with a token that it has.
    let prometheus = std::fs::read_to_string(root.join("grafana/prometheus.compose.yml")).unwrap();
    for target in ["project:8080", "publish:8080", "alertmanager:9093"] {
        assert!(prometheus.contains(target), "{target}");
        let (service, _) = target.split_once(':').unwrap();
        assert!(compose.services().contains_key(service), "{service}");
    }
    assert!(
        strings(&compose.0["services"]["prometheus"]["secrets"])
            .contains(&"reader-token".to_owned())
    );
}

#[test]
fn a_server_of_the_cluster_never_opens_the_files_of_the_one_that_was_alone() {
    let (alone, cluster) = (Compose::read(), Compose::of_a_cluster());
    let alone = alone.file("nats", "/data");
    let servers = ["nats", "nats-2", "nats-3"];
    let cluster = servers.map(|server| cluster.file(server, "/data"));
    let cluster = BTreeSet::from(cluster);
    assert_eq!(cluster.len(), 3, "{cluster:?}");
    assert!(!cluster.contains(&alone), "{alone} of {cluster:?}");
}

#[test]
fn views_of_the_log_of_a_cluster_are_others_than_those_of_the_log_that_was_alone() {
    let [alone, cluster] =
        [Compose::read(), Compose::of_a_cluster()].map(|file| file.file("project", "/data"));
    assert_ne!(alone, cluster);
}

#[test]
fn pages_of_a_real_county_begin_at_no_simulated_one() {
    let file = Compose::read().file("project", "/etc/joinedup/joinedup.toml");
    let text = std::fs::read_to_string(folders::repository().join(file)).unwrap();
    let mut settings = text.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(settings.find(|line| line.contains("havenshire")), None);
}

#[test]
fn alertmanager_repeats_when_it_is_to_and_remembers_for_that_long() {
    let compose = Compose::read();
    let command = compose.command("alertmanager");
    let retention = command
        .iter()
        .find_map(|word| word.strip_prefix("--data.retention="));
    let file = compose.file("alertmanager", "/etc/alertmanager/alertmanager.yml");
    let text = std::fs::read_to_string(folders::repository().join(file)).unwrap();
    let file: Value = serde_yaml_ng::from_str(&text).unwrap();
    let top = &file["route"];
    let set = |route: &Value, name: &str| {
        let own = route[name].as_str().or(top[name].as_str());
        length(own.unwrap())
    };
    for route in top["routes"].as_array().unwrap().iter().chain([top]) {
        let (every, again) = (set(route, "group_interval"), set(route, "repeat_interval"));
        assert!(again < length(retention.unwrap()), "{route}");
        assert!(every < again, "{route}");
        if route["receiver"] == "dead-mans-switch" {
            // It is told at the first look that is more than the repeat interval after the last time.
            assert_eq!((again / every + 1) * every, 60, "{route}");
        }
    }
}

#[test]
fn a_build_is_told_which_revision_it_is_of() {
    let revision = [("JOINEDUP_REVISION", "abc1234")];
    let build = &Compose::with(&revision.into()).0["services"]["project"]["build"];
    let image = std::fs::read_to_string(folders::repository().join("Containerfile")).unwrap();
    assert_eq!(build["args"]["REVISION"], "abc1234");
    assert!(image.contains("ARG REVISION"), "{image}");
}

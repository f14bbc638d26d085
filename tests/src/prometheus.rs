//! A real Prometheus, for one test.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::process::Process;
use crate::tools::Tool;
use crate::{OrFail, folders, http, ports};

const START: Duration = Duration::from_secs(60);

/// One element of a query's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Labels, `__name__` among them where the query keeps it.
    pub labels: BTreeMap<String, String>,
    /// The value.
    pub value: f64,
    /// When, in seconds since 1970.
    pub at: f64,
}

impl Sample {
    /// A label's value; empty when the sample lacks it, as Prometheus has it.
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

/// A running Prometheus. Its store goes when this value is dropped.
#[derive(Debug)]
pub struct Prometheus {
    // Before the folder, so that it is dropped first: the process must not outlive its files.
    process: Process,
    folder: TempDir,
    port: u16,
    flags: Vec<String>,
}

impl Prometheus {
    /// Starts with a configuration file of the given content and waits until it answers. `{self}` in it becomes the
    /// server's own `host:port`. Relative paths in it start at the folder of the configuration, where
    /// `files` (name and content) are written first.
    ///
    /// # Panics
    /// When Prometheus is missing or does not start.
    #[track_caller]
    pub fn start(config: &str, files: &[(&str, &str)]) -> Self {
        Self::start_with(config, files, &[])
    }

    /// As [`Self::start`], with further command line flags.
    ///
    /// # Panics
    /// When Prometheus is missing or does not start.
    #[track_caller]
    pub fn start_with(config: &str, files: &[(&str, &str)], flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().or_fail("no folder for Prometheus");
        folders::write(folder.path(), files);
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let mut failures = Vec::new();
        for _ in 0..5 {
            let port = ports::free_port();
            write_config(folder.path(), config, port);
            let mut process = launch(folder.path(), port, &flags);
            match process.try_ready_at(port, START) {
                Ok(()) => {
                    return Self {
                        folder,
                        port,
                        flags,
                        process,
                    };
                }
                Err(reason) => failures.push(format!("{reason}\n{}", process.log_tail())),
            }
        }
        panic!("Prometheus does not start: {failures:#?}");
    }

    /// The server's address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The folder of its configuration.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_path_buf()
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Kills it at once and starts it again on the same port and store.
    ///
    /// # Panics
    /// When it does not come back.
    #[track_caller]
    pub fn crash_and_restart(&mut self) {
        self.process.kill9();
        self.process = launch(self.folder.path(), self.port, &self.flags);
        self.process
            .try_ready_at(self.port, START)
            .or_fail("Prometheus does not come back");
    }

    /// Replaces the configuration and has the server read it.
    ///
    /// # Panics
    /// When the server refuses it.
    #[track_caller]
    pub fn reload(&self, config: &str) {
        write_config(self.folder.path(), config, self.port);
        let answer = http::send("POST", &format!("{}/-/reload", self.url()), &[], &[])
            .or_fail("cannot reach Prometheus");
        assert!(
            answer.status == 200,
            "Prometheus refused the configuration: {}",
            answer.text()
        );
    }

    /// The `data` of an API call, for example `targets`, `rules`, `alerts`, `label/__name__/values`.
    ///
    /// # Errors
    /// When the server does not answer or says what is wrong with the call.
    pub fn api(&self, call: &str, parameters: &[(&str, &str)]) -> Result<Value, String> {
        let query = http::query_string(parameters.iter().copied());
        let answer = http::get(&format!("{}/api/v1/{call}?{query}", self.url()))?;
        let mut answer: Value = serde_json::from_slice(&answer.body)
            .map_err(|_| format!("{call}: {} {}", answer.status, answer.text()))?;
        if answer["status"] == "success" {
            Ok(answer["data"].take())
        } else {
            Err(format!("{call} {query}: {}", answer["error"]))
        }
    }

    /// Evaluates a query now.
    ///
    /// # Errors
    /// When the server does not answer or the query is wrong.
    pub fn query(&self, expression: &str) -> Result<Vec<Sample>, String> {
        let data = self.api("query", &[("query", expression)])?;
        match (data["resultType"].as_str(), data["result"].as_array()) {
            (Some("vector"), Some(result)) => Ok(result
                .iter()
                .filter_map(|item| sample(&item["metric"], &item["value"]))
                .collect()),
            (Some("scalar"), Some(_)) => {
                Ok(sample(&Value::Null, &data["result"]).into_iter().collect())
            }
            _ => Err(format!("{expression} is not a vector: {data}")),
        }
    }

    /// Evaluates a query that must have exactly one result, and returns its value.
    ///
    /// # Errors
    /// As [`Self::query`], or another number of results.
    pub fn single(&self, expression: &str) -> Result<f64, String> {
        match self.query(expression)?.as_slice() {
            [one] => Ok(one.value),
            other => Err(format!("{expression} has {} results", other.len())),
        }
    }

    /// Evaluates a query over a range of time (seconds since 1970): one list of samples per series.
    ///
    /// # Errors
    /// When the server does not answer or the query is wrong.
    pub fn query_range(
        &self,
        expression: &str,
        (start, end): (f64, f64),
        step_seconds: u32,
    ) -> Result<Vec<Vec<Sample>>, String> {
        let (start, end) = (start.to_string(), end.to_string());
        let data = self.api(
            "query_range",
            &[
                ("query", expression),
                ("start", &start),
                ("end", &end),
                ("step", &step_seconds.to_string()),
            ],
        )?;
        let result = data["result"].as_array().ok_or("no list of series")?;
        Ok(result
            .iter()
            .map(|series| {
                let values = series["values"].as_array().map_or(&[][..], Vec::as_slice);
                values
                    .iter()
                    .filter_map(|value| sample(&series["metric"], value))
                    .collect()
            })
            .collect())
    }

    /// The names of alerts that are firing now, sorted, each once.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn firing(&self) -> Result<Vec<String>, String> {
        let data = self.api("alerts", &[])?;
        let mut names: Vec<String> = data["alerts"]
            .as_array()
            .ok_or("no list of alerts")?
            .iter()
            .filter(|alert| alert["state"] == "firing")
            .filter_map(|alert| alert["labels"]["alertname"].as_str().map(str::to_owned))
            .collect();
        names.sort();
        names.dedup();
        Ok(names)
    }
}

fn sample(metric: &Value, value: &Value) -> Option<Sample> {
    let labels = metric
        .as_object()
        .map(|labels| {
            labels
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect()
        })
        .unwrap_or_default();
    Some(Sample {
        labels,
        value: value[1].as_str()?.parse().ok()?,
        at: value[0].as_f64()?,
    })
}

fn write_config(folder: &Path, config: &str, port: u16) {
    let config = config.replace("{self}", &format!("127.0.0.1:{port}"));
    folders::write(folder, &[("prometheus.yml", &config)]);
}

fn launch(folder: &Path, port: u16, flags: &[String]) -> Process {
    Process::start(
        "prometheus",
        Command::new(Tool::Prometheus.path())
            .current_dir(folder)
            .arg("--config.file=prometheus.yml")
            .arg("--storage.tsdb.path=data")
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--web.enable-lifecycle")
            // An alert that fires before the server has found its Alertmanager is lost until it is sent again.
            .arg("--rules.alert.resend-delay=1s")
            .args(flags),
        &folder.join("log"),
    )
}

//! The file of feeds: a list of `[[feed]]`, each with the keys of its kind and no others.

use chrono::NaiveDate;
use joinedup_application::tls::TlsFiles;
use joinedup_events::{AreaId, Slug};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

/// Why a file of feeds was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// It cannot be read.
    #[error("the file of feeds {} cannot be read: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// It is not a list of feeds.
    #[error("{}: {what}", .path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A feed is wrong.
    #[error("{}: the feed {name}: {what}", .path.display())]
    Feed {
        /// The file.
        path: PathBuf,
        /// Its name, or its number.
        name: String,
        /// What is wrong.
        what: String,
    },
}

/// A feed, as the file says it.
#[derive(Clone, Debug)]
pub enum FeedSettings {
    /// A folder that is watched.
    Folder(FolderSettings),
    /// Systems that send HL7 v2 messages.
    Mllp(MllpSettings),
    /// An address that takes files.
    Http(TableSettings),
}

/// A folder whose files are imported.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderSettings {
    /// Its name. With a line list it names the source and the ids of events too: keep it.
    pub name: Slug,
    /// `folder`.
    pub kind: String,
    /// What the columns mean: a built-in mapping, a file, or `auto` for published returns.
    pub mapping: String,
    /// The area that every row counts for, in place of the mapping's rule.
    #[serde(default)]
    pub area: Option<AreaId>,
    /// The key that numbers of people are hashed with; line lists need one.
    #[serde(default)]
    pub pseudonym_key_file: Option<PathBuf>,
    /// The key before, while the change from one to the other goes on.
    #[serde(default)]
    pub previous_pseudonym_key_file: Option<PathBuf>,
    /// How often something is expected.
    #[serde(default)]
    pub expected_hours: Option<f64>,
    /// The folder that is watched.
    pub path: PathBuf,
    /// Where files go with their reports once they were taken; those that were refused go into its folder `refused`.
    pub done: PathBuf,
    /// Names of the files that are meant.
    #[serde(default = "any")]
    pub pattern: String,
    /// Seconds between two looks.
    #[serde(default = "five")]
    pub look_every_seconds: u32,
    /// Of a line list that holds only what ended lately, how many days that is, in place of the mapping's.
    #[serde(default)]
    pub window_days: Option<u16>,
    /// The first day of which it reports everything: of a line list where the list does not show it itself, of FHIR where it is known.
    #[serde(default)]
    pub begins: Option<NaiveDate>,
}

/// What feeds of tables have in common: all that an address needs which takes files as the bodies of requests.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableSettings {
    /// Its name: it is in an address and, with a line list, names the source and the ids of events. Keep it.
    pub name: Slug,
    /// `http` or `folder`.
    pub kind: String,
    /// What the columns mean: a built-in mapping, a file, or `auto` for published returns.
    pub mapping: String,
    /// The area that every row counts for, in place of the mapping's rule.
    #[serde(default)]
    pub area: Option<AreaId>,
    /// The key that numbers of people are hashed with; line lists need one.
    #[serde(default)]
    pub pseudonym_key_file: Option<PathBuf>,
    /// The key before, while the change from one to the other goes on.
    #[serde(default)]
    pub previous_pseudonym_key_file: Option<PathBuf>,
    /// How often something is expected.
    #[serde(default)]
    pub expected_hours: Option<f64>,
    /// Of a line list that holds only what ended lately, how many days that is, in place of the mapping's.
    #[serde(default)]
    pub window_days: Option<u16>,
    /// The first day of which it reports everything: of a line list where the list does not show it itself, of FHIR where it is known.
    #[serde(default)]
    pub begins: Option<NaiveDate>,
}

impl FolderSettings {
    /// What it has in common with other feeds of tables.
    #[must_use]
    pub fn tables(&self) -> TableSettings {
        TableSettings {
            name: self.name.clone(),
            kind: self.kind.clone(),
            mapping: self.mapping.clone(),
            area: self.area.clone(),
            pseudonym_key_file: self.pseudonym_key_file.clone(),
            previous_pseudonym_key_file: self.previous_pseudonym_key_file.clone(),
            expected_hours: self.expected_hours,
            window_days: self.window_days,
            begins: self.begins,
        }
    }
}

/// A port that takes HL7 v2 messages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MllpSettings {
    /// Its name: it names the source and the ids of events too, so keep it.
    pub name: Slug,
    /// `hl7-mllp`.
    pub kind: String,
    /// Which field says what: `adt`, or a file that names what is elsewhere at this site.
    #[serde(default = "adt")]
    pub mapping: String,
    /// The area that every stay counts for.
    pub area: AreaId,
    /// The key that numbers of stays are hashed with.
    pub pseudonym_key_file: PathBuf,
    /// The key before: stays that it knows go on under their old names.
    #[serde(default)]
    pub previous_pseudonym_key_file: Option<PathBuf>,
    /// How often something is expected.
    #[serde(default)]
    pub expected_hours: Option<f64>,
    /// The first day of which it reports everything, in place of the day after the first message.
    #[serde(default)]
    pub begins: Option<NaiveDate>,
    /// The address and port.
    pub listen: SocketAddr,
    /// The addresses that may connect; needed unless only this machine can, or each shows a certificate.
    #[serde(default)]
    pub senders: Vec<IpAddr>,
    /// The certificate that senders meet, and those that they must show; none: messages come in clear.
    #[serde(default)]
    pub tls: Option<TlsFiles>,
    /// The largest message.
    #[serde(default = "one_mib")]
    pub max_message_kib: usize,
    /// The most connections at a time.
    #[serde(default = "sixteen")]
    pub max_connections: usize,
    /// How long a connection may be silent.
    #[serde(default = "a_day")]
    pub idle_minutes: usize,
}

impl MllpSettings {
    /// Every sender must show a certificate.
    #[must_use]
    pub fn asks_for_certificates(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.clients.is_some())
    }
}

fn adt() -> String {
    "adt".to_owned()
}

fn one_mib() -> usize {
    1024
}

fn sixteen() -> usize {
    16
}

fn a_day() -> usize {
    1440
}

fn any() -> String {
    "*".to_owned()
}

fn five() -> u32 {
    5
}

impl FeedSettings {
    /// Reads a file of feeds.
    ///
    /// # Errors
    /// A sentence that names the file, the feed and the key.
    pub fn read(path: &Path) -> Result<Vec<Self>, SettingsError> {
        let text = std::fs::read_to_string(path).map_err(|source| SettingsError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(path, &text)
    }

    /// Reads the text of a file of feeds; `path` is what errors call it.
    ///
    /// # Errors
    /// As [`FeedSettings::read`].
    pub fn parse(path: &Path, text: &str) -> Result<Vec<Self>, SettingsError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            #[serde(default)]
            feed: Vec<toml::Table>,
        }
        let file: File = toml::from_str(text).map_err(|error| SettingsError::Toml {
            path: path.to_owned(),
            what: error.to_string(),
        })?;
        let mut names = BTreeSet::new();
        let mut feeds = Vec::new();
        for (number, table) in file.feed.into_iter().enumerate() {
            let name = table.get("name").and_then(toml::Value::as_str);
            let name = name.map_or_else(|| format!("number {}", number + 1), |n| format!("`{n}`"));
            let feed = Self::one(beside(path, table)).and_then(|feed| {
                match names.insert(feed.name().clone()) {
                    true => Ok(feed),
                    false => Err("there is another of this name: give each its own".to_owned()),
                }
            });
            feeds.push(feed.map_err(|what| SettingsError::Feed {
                path: path.to_owned(),
                name,
                what,
            })?);
        }
        Ok(feeds)
    }

    fn one(table: toml::Table) -> Result<Self, String> {
        let kind = table.get("kind").and_then(toml::Value::as_str);
        let wrong = |error: toml::de::Error| error.message().to_owned();
        let feed = match kind {
            Some("folder") => Self::Folder(table.try_into().map_err(wrong)?),
            Some("hl7-mllp") => Self::Mllp(table.try_into().map_err(wrong)?),
            Some("http") => Self::Http(table.try_into().map_err(wrong)?),
            _ => return Err("`kind` must be \"folder\", \"hl7-mllp\" or \"http\"".to_owned()),
        };
        if feed
            .expected_hours()
            .is_some_and(|h| !h.is_finite() || h <= 0.0)
        {
            return Err("`expected_hours` must be a number above 0".to_owned());
        }
        Ok(feed)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Slug {
        match self {
            Self::Folder(folder) => &folder.name,
            Self::Mllp(mllp) => &mllp.name,
            Self::Http(http) => &http.name,
        }
    }

    /// The area that everything counts for.
    #[must_use]
    pub fn area(&self) -> Option<&AreaId> {
        match self {
            Self::Folder(folder) => folder.area.as_ref(),
            Self::Mllp(mllp) => Some(&mllp.area),
            Self::Http(http) => http.area.as_ref(),
        }
    }

    /// How often something is expected.
    #[must_use]
    pub fn expected_hours(&self) -> Option<f64> {
        match self {
            Self::Folder(folder) => folder.expected_hours,
            Self::Mllp(mllp) => mllp.expected_hours,
            Self::Http(http) => http.expected_hours,
        }
    }
}

/// The paths of a feed, which begin where the file of feeds lies.
fn beside(file: &Path, mut table: toml::Table) -> toml::Table {
    let folder = file.parent().unwrap_or(Path::new(""));
    for (name, value) in &mut table {
        match (name.as_str(), value) {
            ("tls", toml::Value::Table(tls)) => *tls = beside(file, std::mem::take(tls)),
            (
                "path"
                | "done"
                | "pseudonym_key_file"
                | "previous_pseudonym_key_file"
                | "certificate"
                | "key"
                | "clients",
                toml::Value::String(path),
            ) => *path = folder.join(&*path).display().to_string(),
            // A file or the name of a mapping.
            ("mapping", toml::Value::String(path)) if path.contains(['.', '/']) => {
                *path = folder.join(&*path).display().to_string();
            }
            _ => {}
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLDER: &str = "[[feed]]\nname = \"spells\"\nkind = \"folder\"\nmapping = \"spells\"\npath = \"in\"\ndone = \"done\"\n";

    fn refused(text: &str) -> String {
        let parsed = FeedSettings::parse(Path::new("feeds.toml"), text);
        parsed.unwrap_err().to_string()
    }

    #[test]
    fn what_is_not_given_has_its_usual_value() {
        let feeds = FeedSettings::parse(Path::new("feeds.toml"), FOLDER).unwrap();
        let FeedSettings::Folder(folder) = &feeds[0] else {
            panic!("a folder");
        };
        assert_eq!(
            (folder.pattern.as_str(), folder.look_every_seconds),
            ("*", 5)
        );
    }

    #[test]
    fn paths_begin_where_the_file_lies() {
        let read = |mapping: &str| {
            let text = FOLDER.replace("mapping = \"spells\"", &format!("mapping = \"{mapping}\""));
            let text = text.replace("\"done\"", "\"/srv/done\"");
            let feeds = FeedSettings::parse(Path::new("/etc/joinedup/feeds.toml"), &text);
            match feeds.unwrap().remove(0) {
                FeedSettings::Folder(folder) => folder,
                _ => panic!("a folder"),
            }
        };
        let folder = read("spells");
        assert_eq!(folder.path, Path::new("/etc/joinedup/in"));
        assert_eq!(folder.done, Path::new("/srv/done"));
        assert_eq!(folder.mapping, "spells");
        assert_eq!(read("site.toml").mapping, "/etc/joinedup/site.toml");
    }

    #[test]
    fn what_is_wrong_is_named_with_file_feed_and_key() {
        let unknown = refused(&format!("{FOLDER}colour = \"red\"\n"));
        assert!(
            unknown.contains("feeds.toml: the feed `spells`: "),
            "{unknown}"
        );
        assert!(unknown.contains("`colour`"), "{unknown}");
        let missing = refused(&FOLDER.replace("done = \"done\"\n", ""));
        assert!(missing.contains("`done`"), "{missing}");
        let kind = refused("[[feed]]\nname = \"a\"\nkind = \"telex\"\n");
        assert!(kind.contains("`kind` must be"), "{kind}");
        let twice = refused(&format!("{FOLDER}{FOLDER}"));
        assert!(twice.contains("another of this name"), "{twice}");
        let hours = refused(&format!("{FOLDER}expected_hours = 0.0\n"));
        assert!(hours.contains("`expected_hours`"), "{hours}");
        assert!(refused("[[fed]]\n").contains("fed"));
        assert!(refused("[[feed]]\n").contains("the feed number 1"));
    }
}

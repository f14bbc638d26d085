//! The tokens of machines: read from their files, refused when weak or open to others, read again when a file changes.

use super::auth::Caller;
use chrono::{NaiveDate, Utc};
use joinedup_application::config::{Config, Role, Token};
use joinedup_application::secrets::{self, is_open_to_others};
use joinedup_events::{AreaId, Areas, local};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tokio_util::sync::CancellationToken;

/// The fewest characters of a token: 32 of hexadecimal are 128 bits.
pub const MIN_CHARACTERS: usize = 32;
/// The fewest different characters among them.
const MIN_DIFFERENT: usize = 8;

/// The tokens, as digests: comparing digests says nothing of how far a guess was right.
#[derive(Clone, Debug, Default)]
pub struct Tokens(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    known: Vec<Known>,
    accept_readable: bool,
}

/// One token: what it allows, which stays, and its digest, which follows its file.
#[derive(Debug)]
struct Known {
    file: PathBuf,
    expires: Option<NaiveDate>,
    caller: Caller,
    digest: RwLock<Option<[u8; 32]>>,
    /// At the last look the file held nothing.
    was_empty: AtomicBool,
    /// Why it was not taken at the last look.
    fault: RwLock<Option<String>>,
}

/// Why a token was not taken.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file could not be read.
    #[error("the token of {name} in {} cannot be read: {source}", path.display())]
    Read {
        /// Whose.
        name: String,
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// The file is open to every user of the machine.
    #[error("the token of {name} in {} can be read or changed by every user of this machine: run `chmod o= {}`, or set `accept_readable_tokens` where the folder is closed to them", path.display(), path.display())]
    Open {
        /// Whose.
        name: String,
        /// The file.
        path: PathBuf,
    },
    /// The token is too easy to guess.
    #[error(
        "the token of {0} is too weak: make one of at least {MIN_CHARACTERS} characters at random, e.g. with `openssl rand -hex 32`"
    )]
    Weak(String),
    /// Two tokens are the same, so nobody can say whose it is.
    #[error("the tokens of {0} and {1} are the same: make each its own")]
    Same(String, String),
    /// An area is not registered.
    #[error(
        "`areas` of the token of {0} names an area that is not in the register: `joinedup check` with `areas_file` adds areas"
    )]
    Area(String),
}

/// Why nobody was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unrecognised {
    /// No token, or one that nobody has.
    Stranger,
    /// The token was good until a day that has passed.
    Expired,
}

impl Tokens {
    /// Reads the tokens from their files.
    ///
    /// # Errors
    /// When a file cannot be read or is open to others, a token is weak or given twice, or an area is not registered.
    pub fn read(config: &Config, areas: &Areas) -> Result<Self, TokenError> {
        let accept_readable = config.accept_readable_tokens;
        let mut known: Vec<Known> = Vec::new();
        for token in &config.tokens {
            let digest = read(&token.name, &token.file, accept_readable)?;
            if let Some(same) = known.iter().find(|k| k.is(&digest)) {
                let other = same.caller.name.clone();
                return Err(TokenError::Same(other, token.name.clone()));
            }
            known.push(Known {
                file: token.file.clone(),
                expires: token.expires,
                caller: caller(token, areas)?,
                digest: RwLock::new(Some(digest)),
                was_empty: AtomicBool::new(false),
                fault: RwLock::default(),
            });
        }
        Ok(Self(Arc::new(Inner {
            known,
            accept_readable,
        })))
    }

    /// Whether there are none, and everybody may do everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.known.is_empty()
    }

    /// Whose token it is.
    ///
    /// # Errors
    /// When it is nobody's, or has expired.
    pub fn holder(&self, token: &str) -> Result<Caller, Unrecognised> {
        let digest = digest(token);
        let found = self.0.known.iter().find(|known| known.is(&digest));
        let found = found.ok_or(Unrecognised::Stranger)?;
        let today = local::date(Utc::now());
        if found.expires.is_some_and(|last| last < today) {
            return Err(Unrecognised::Expired);
        }
        Ok(found.caller.clone())
    }

    /// Reads the files again. A token whose file is gone, weak or open to others is no longer taken; the others stay.
    pub fn reread(&self) {
        for known in &self.0.known {
            let name = &known.caller.name;
            let is_empty = std::fs::metadata(&known.file).is_ok_and(|file| file.len() == 0);
            // A file that is written in place is empty for a moment.
            if !known.was_empty.swap(is_empty, Ordering::Relaxed) && is_empty {
                continue;
            }
            let read = self.read_again(known);
            known.keep_fault(read.as_ref().err().map(ToString::to_string));
            let now = read.ok();
            let mut current = known.digest.write().unwrap_or_else(PoisonError::into_inner);
            if now.is_some() && *current != now {
                tracing::info!(name, "a token was replaced");
            }
            *current = now;
        }
    }

    /// What a file holds now, unless another holder's does too: it would be answered as whoever stands first.
    fn read_again(&self, known: &Known) -> Result<[u8; 32], TokenError> {
        let name = &known.caller.name;
        let digest = read(name, &known.file, self.0.accept_readable)?;
        let others = self.0.known.iter();
        match others
            .filter(|other| !std::ptr::eq(*other, known))
            .find(|other| other.is(&digest))
        {
            Some(same) => Err(TokenError::Same(same.caller.name.clone(), name.clone())),
            None => Ok(digest),
        }
    }

    /// Reads the files again and again, until the process stops.
    pub async fn follow(self, stopping: CancellationToken) {
        if self.is_empty() {
            return;
        }
        let reread = move || self.reread();
        secrets::follow(stopping, "the tokens were", reread).await;
    }
}

impl Known {
    /// Keeps why it is not taken, and logs a reason that is another than before: whoever mends one learns of the next.
    fn keep_fault(&self, now: Option<String>) {
        let mut fault = self.fault.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(why) = now.as_ref().filter(|why| fault.as_ref() != Some(*why)) {
            let file = self.file.display();
            tracing::error!(error = why, %file, "a token is not taken");
        }
        *fault = now;
    }

    fn current(&self) -> Option<[u8; 32]> {
        *self.digest.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn is(&self, digest: &[u8; 32]) -> bool {
        self.current().as_ref() == Some(digest)
    }
}

fn caller(token: &Token, areas: &Areas) -> Result<Caller, TokenError> {
    let named =
        registered(&token.areas, areas).ok_or_else(|| TokenError::Area(token.name.clone()))?;
    let roles: BTreeSet<Role> = token.roles.iter().copied().collect();
    Ok(Caller::new(token.name.clone(), roles)
        .within(named, areas)
        .speaking_for(token.sources.clone())
        .restating(token.may_restate))
}

/// The areas of some codes; none when one of them is not in the register.
pub(super) fn registered(codes: &[String], areas: &Areas) -> Option<Vec<AreaId>> {
    let known = |code: &String| {
        let id = AreaId::new(code).ok()?;
        areas.get(id.as_str()).map(|_| id)
    };
    codes.iter().map(known).collect()
}

fn read(name: &str, path: &Path, accept_readable: bool) -> Result<[u8; 32], TokenError> {
    let failed = |source| TokenError::Read {
        name: name.to_owned(),
        path: path.to_owned(),
        source,
    };
    let text = std::fs::read_to_string(path).map_err(failed)?;
    if !accept_readable && is_open_to_others(path).map_err(failed)? {
        return Err(TokenError::Open {
            name: name.to_owned(),
            path: path.to_owned(),
        });
    }
    let text = text.trim();
    if is_weak(text) {
        return Err(TokenError::Weak(name.to_owned()));
    }
    Ok(digest(text))
}

/// Whether a token could be guessed: short, of few characters, or a shorter text again and again.
fn is_weak(token: &str) -> bool {
    let characters: Vec<char> = token.chars().collect();
    let different: BTreeSet<char> = characters.iter().copied().collect();
    let repeats = (1..=characters.len() / 2).any(|period| {
        characters
            .iter()
            .zip(&characters[period..])
            .all(|(a, b)| a == b)
    });
    characters.len() < MIN_CHARACTERS || different.len() < MIN_DIFFERENT || repeats
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = "b1946ac92492d2347c6235b4d2611184";

    fn config(folder: &Path, change: impl FnOnce(&mut Token)) -> Config {
        let file = folder.join("t");
        std::fs::write(&file, format!("{GOOD}\n")).unwrap();
        close(&file);
        let mut token = Token {
            name: "ward".into(),
            file,
            roles: vec![Role::Operator],
            ..Token::default()
        };
        change(&mut token);
        Config {
            tokens: vec![token],
            ..Config::default()
        }
    }

    fn close(file: &Path) {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o640)).unwrap();
    }

    fn tokens(config: &Config) -> Result<Tokens, TokenError> {
        Tokens::read(config, &Areas::built_in().unwrap())
    }

    #[test]
    fn a_token_is_good_to_the_end_of_its_last_day() {
        let folder = tempfile::tempdir().unwrap();
        let today = local::date(Utc::now());
        let until = |day| {
            let config = config(folder.path(), |token| token.expires = Some(day));
            tokens(&config).unwrap().holder(GOOD).map(|c| c.name)
        };
        // Tomorrow as well, lest midnight falls between two lines.
        assert_eq!(until(today + chrono::Days::new(1)), Ok("ward".to_owned()));
        assert_eq!(
            until(today - chrono::Days::new(1)),
            Err(Unrecognised::Expired)
        );
    }

    #[test]
    fn a_weak_an_open_and_a_lost_token_are_refused_in_sentences() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), |_| {});
        let file = &config.tokens[0].file;
        let refused = || tokens(&config).unwrap_err().to_string();
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(refused().contains("chmod o="), "{}", refused());
        let accepted = Config {
            accept_readable_tokens: true,
            ..config.clone()
        };
        assert!(tokens(&accepted).is_ok());
        close(file);
        std::fs::write(file, "a".repeat(64)).unwrap();
        assert!(refused().contains("too weak"), "{}", refused());
        std::fs::remove_file(file).unwrap();
        assert!(refused().contains("cannot be read"), "{}", refused());
    }

    #[test]
    fn a_file_that_is_being_written_is_waited_for_once() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), |_| {});
        let tokens = tokens(&config).unwrap();
        std::fs::write(&config.tokens[0].file, "").unwrap();
        tokens.reread();
        assert!(tokens.holder(GOOD).is_ok());
        tokens.reread();
        assert!(tokens.holder(GOOD).is_err());
    }

    #[test]
    fn a_token_that_becomes_anothers_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path(), |_| {});
        let other = GOOD.chars().rev().collect::<String>();
        let file = folder.path().join("other");
        std::fs::write(&file, &other).unwrap();
        close(&file);
        config.tokens.push(Token {
            name: "other".into(),
            file: file.clone(),
            ..config.tokens[0].clone()
        });
        let tokens = tokens(&config).unwrap();
        std::fs::write(&file, GOOD).unwrap();
        tokens.reread();
        assert_eq!(tokens.holder(GOOD).map(|c| c.name), Ok("ward".to_owned()));
        assert!(tokens.holder(&other).is_err());
    }

    #[test]
    fn a_file_that_changes_changes_who_is_recognised() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), |_| {});
        let tokens = tokens(&config).unwrap();
        let file = &config.tokens[0].file;
        let other = GOOD.chars().rev().collect::<String>();
        std::fs::write(file, &other).unwrap();
        tokens.reread();
        assert!(tokens.holder(GOOD).is_err() && tokens.holder(&other).is_ok());
        std::fs::write(file, "short").unwrap();
        tokens.reread();
        assert!(tokens.holder("short").is_err() && tokens.holder(&other).is_err());
        std::fs::write(file, GOOD).unwrap();
        tokens.reread();
        assert!(tokens.holder(GOOD).is_ok());
    }

    #[test]
    fn one_token_for_two_and_an_unknown_area_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut twice = config(folder.path(), |_| {});
        twice.tokens.push(twice.tokens[0].clone());
        assert!(matches!(tokens(&twice), Err(TokenError::Same(..))));
        let nowhere = config(folder.path(), |token| token.areas = vec!["atlantis".into()]);
        assert!(matches!(tokens(&nowhere), Err(TokenError::Area(_))));
    }

    proptest! {
        #[test]
        fn what_repeats_itself_is_weak_whatever_its_length(unit in "[a-z0-9]{1,40}", times in 2_usize..9) {
            prop_assert!(is_weak(&unit.repeat(times)));
        }
    }
}

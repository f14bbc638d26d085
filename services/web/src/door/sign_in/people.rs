//! Who of the people that a provider knows may do what here: by the people file, else by the values of a claim.

use crate::door::auth::Caller;
use crate::door::tokens::registered;
use joinedup_application::config::{People, Person, Role, SignIn};
use joinedup_application::secrets::is_open_to_others;
use joinedup_application::trust::TrustError;
use joinedup_events::{AreaId, Areas};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Why settings of sign-in were not taken.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file could not be read.
    #[error("`sign_in`: {} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// A file is open to every user of the machine.
    #[error("`sign_in`: {} can be read or changed by every user of this machine: run `chmod o= {}`", path.display(), path.display())]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// The file of authorities is none.
    #[error("`sign_in`: {0}")]
    Trust(#[from] TrustError),
    /// The machine trusts nobody, or an address is none.
    #[error("`sign_in`: no authority to trust was found: {0}")]
    Authorities(String),
    /// The people file is not one.
    #[error("`sign_in.people_file` is not in order: {0}")]
    People(String),
    /// An area is not registered.
    #[error("`areas` of {0} in `sign_in` names an area that is not in the register")]
    Area(String),
}

/// What the provider says of somebody.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its own name of the person.
    pub subject: String,
    /// The person's name.
    pub name: Option<String>,
    /// The e-mail address, when it is verified.
    pub email: Option<String>,
    /// Everything else.
    pub claims: Map<String, Value>,
}

/// Reads a file of the settings as text.
///
/// # Errors
/// When it cannot be read, or every user of the machine can.
pub fn read_closed(path: &PathBuf, accept_readable: bool) -> Result<String, SettingsError> {
    let failed = |source| SettingsError::Read {
        path: path.clone(),
        source,
    };
    let text = std::fs::read_to_string(path).map_err(failed)?;
    if !accept_readable && is_open_to_others(path).map_err(failed)? {
        return Err(SettingsError::Open { path: path.clone() });
    }
    Ok(text)
}

/// How long a people file that has changed has to stay as it is.
const SETTLES: Duration = Duration::from_millis(500);

/// Who may do what, as the settings say.
#[derive(Debug)]
pub struct Rights {
    settings: SignIn,
    accept_readable: bool,
    areas: Areas,
    /// What the people file held when it was last in order.
    last: Mutex<Option<Last>>,
}

/// A people file that was in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Last {
    digest: [u8; 32],
    is_empty: bool,
}

impl Rights {
    /// Reads what the settings say, and the people file for the first time.
    ///
    /// # Errors
    /// A sentence that names what is wrong.
    pub fn read(
        settings: &SignIn,
        accept_readable: bool,
        areas: &Areas,
    ) -> Result<Self, SettingsError> {
        for grant in &settings.grants {
            if registered(&grant.areas, areas).is_none() {
                return Err(SettingsError::Area("a grant".to_owned()));
            }
        }
        let rights = Self {
            settings: settings.clone(),
            accept_readable,
            areas: areas.clone(),
            last: Mutex::default(),
        };
        rights.people()?;
        Ok(rights)
    }

    /// Whether the ID token does not say enough, so that the provider has to be asked for more: it lacks the claim, or the
    /// address of somebody who may be listed by theirs.
    #[must_use]
    pub fn needs_more(&self, known: &Known) -> bool {
        let claim = self.settings.claim.as_ref();
        let has_claim = claim.is_none_or(|path| find(&known.claims, path).is_some());
        // A file that is not in order is refused when rights are asked for.
        let people = self.people().unwrap_or_default();
        let mut before = people.iter().take_while(|person| !is(person, known));
        let by_address = |person: &Person| person.sub.is_none() && person.email.is_some();
        !has_claim || known.email.is_none() && before.any(by_address)
    }

    /// What somebody may do; none: nothing. The people file is read anew each time, so that who was taken out of it
    /// does not come in again; one that has changed is read twice, and blocks for that long.
    ///
    /// # Errors
    /// When the people file is no longer in order.
    pub fn of(&self, known: &Known) -> Result<Option<Caller>, SettingsError> {
        let people = self.people()?;
        let listed = people.iter().find(|person| is(person, known));
        let (roles, areas) = match (listed, self.grant(known)) {
            (Some(person), _) => (&person.roles, &person.areas),
            (None, Some((roles, areas))) => (roles, areas),
            (None, None) => return Ok(None),
        };
        if roles.is_empty() {
            return Ok(None);
        }
        let named: Vec<AreaId> = registered(areas, &self.areas)
            .ok_or_else(|| SettingsError::Area("a person".to_owned()))?;
        let shown = initials(known.name.as_deref().unwrap_or(&known.subject));
        let roles = roles.iter().copied().collect();
        let caller = Caller::person(&known.subject, &shown, roles);
        Ok(Some(caller.within(named, &self.areas)))
    }

    fn grant(&self, known: &Known) -> Option<(&Vec<Role>, &Vec<String>)> {
        let held = find(&known.claims, self.settings.claim.as_deref()?)?;
        let holds = |value: &str| match held {
            Value::String(one) => one == value,
            Value::Array(some) => some.iter().any(|one| one == value),
            _ => false,
        };
        let grants = &self.settings.grants;
        let grant = grants.iter().find(|grant| holds(&grant.value))?;
        Some((&grant.roles, &grant.areas))
    }

    fn people(&self) -> Result<Vec<Person>, SettingsError> {
        let Some(path) = &self.settings.people_file else {
            return Ok(Vec::new());
        };
        let text = read_closed(path, self.accept_readable)?;
        let digest: [u8; 32] = Sha256::digest(&text).into();
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| last.digest != digest) {
            // One that is written in place is empty for a moment, or holds some of its people: whoever is not among
            // them yet would have what a claim grants.
            std::thread::sleep(SETTLES);
            if read_closed(path, self.accept_readable)? != text {
                return Err(SettingsError::People("it is being written".to_owned()));
            }
        }
        // The parser's own message shows the line, which may hold somebody's address.
        let people: People = toml::from_str(&text).map_err(|error: toml::de::Error| {
            let line = error
                .span()
                .map_or(0, |span| text[..span.start].matches('\n').count() + 1);
            SettingsError::People(format!(
                "line {line} is not a [[person]] with `sub` or `email`, `roles` and `areas`"
            ))
        })?;
        let is_empty = people.person.is_empty();
        if is_empty && last.is_some_and(|last| !last.is_empty) {
            return Err(SettingsError::People(
                "it names nobody any more; where that is meant, start the server again".to_owned(),
            ));
        }
        for (number, person) in people.person.iter().enumerate() {
            let wrong = |rule: &str| SettingsError::People(format!("person {} {rule}", number + 1));
            if person.sub.is_none() && person.email.is_none() {
                return Err(wrong("has neither `sub` nor `email`"));
            }
            if registered(&person.areas, &self.areas).is_none() {
                return Err(wrong("names an area that is not in the register"));
            }
            if person.roles.contains(&Role::Admin) && !person.areas.is_empty() {
                return Err(wrong(
                    "has the role admin, which is for everything, and `areas`",
                ));
            }
        }
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Last { digest, is_empty });
        Ok(people.person)
    }
}

fn is(person: &Person, known: &Known) -> bool {
    let by_address = match (&person.email, &known.email) {
        (Some(listed), Some(verified)) => listed.eq_ignore_ascii_case(verified),
        _ => false,
    };
    match &person.sub {
        Some(sub) => *sub == known.subject,
        None => by_address,
    }
}

/// A claim by its name or, where there is none of that name, by the names on the way to it.
fn find<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    let (outer, rest) = path.split_once('.')?;
    find(claims.get(outer)?.as_object()?, rest)
}

/// The first letters of the first and the last part of a name.
fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|w| w.chars().next());
    let first = words.next();
    let last = words.next_back();
    let letters: String = first.into_iter().chain(last).collect();
    letters.to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use joinedup_application::config::Grant;
    use serde_json::json;

    fn rights(settings: SignIn) -> Result<Rights, SettingsError> {
        Rights::read(&settings, true, &Areas::built_in().unwrap())
    }

    fn known(claims: Value) -> Known {
        Known {
            subject: "u-1".into(),
            name: Some("Zebedee van Quillfeather".into()),
            email: None,
            claims: claims.as_object().unwrap().clone(),
        }
    }

    fn grant(value: &str, roles: &[Role], areas: &[&str]) -> Grant {
        Grant {
            value: value.into(),
            roles: roles.to_vec(),
            areas: areas.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn the_first_grant_that_fits_holds_and_no_other() {
        let settings = SignIn {
            claim: Some("realm_access.roles".into()),
            grants: vec![
                grant("north", &[Role::Operator], &["havenshire-north"]),
                grant("boss", &[Role::Admin], &[]),
            ],
            ..SignIn::default()
        };
        let rights = rights(settings).unwrap();
        let of = |roles: Value| {
            let claims = json!({ "realm_access": { "roles": roles } });
            rights.of(&known(claims)).unwrap()
        };
        let both = of(json!(["boss", "north"])).unwrap();
        assert!(both.has(Role::Operator) && !both.has(Role::Admin));
        assert!(both.covers("hv-north-2") && !both.covers("hv-west-1"));
        assert_eq!(both.shown(), Some("ZQ"));
        assert!(of(json!("boss")).unwrap().has(Role::Admin));
        assert!(of(json!("bosses")).is_none() && of(json!(7)).is_none());
        assert!(rights.needs_more(&known(json!({}))));
        assert!(rights.of(&known(json!({}))).unwrap().is_none());
    }

    #[test]
    fn the_people_file_is_followed_and_an_address_counts_when_it_is_verified() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("people.toml");
        let write = |text: &str| std::fs::write(&file, text).unwrap();
        write("[[person]]\nemail = \"Z.Q@example.nhs.uk\"\nroles = [\"assessor\"]\n");
        let rights = rights(SignIn {
            people_file: Some(file.clone()),
            ..SignIn::default()
        })
        .unwrap();
        let mut person = known(json!({}));
        assert!(rights.of(&person).unwrap().is_none());
        assert!(rights.needs_more(&person), "the address");
        person.email = Some("z.q@example.nhs.uk".into());
        assert!(rights.of(&person).unwrap().unwrap().has(Role::Assessor));
        assert!(!rights.needs_more(&person));
        write("[[person]]\nsub = \"u-2\"\nroles = [\"assessor\"]\n");
        assert!(rights.of(&person).unwrap().is_none());
        person.email = None;
        assert!(
            !rights.needs_more(&person),
            "nobody is listed by an address"
        );
        write("");
        assert!(rights.of(&person).is_err(), "as while it is written");
        for wrong in [
            "[[person]]\nroles = [\"admin\"]\n",
            "[[person]]\nsub = \"secret-name\"\nrole = [\"admin\"]\n",
            "[[person]]\nsub = \"secret-name\"\nroles = [\"admin\"]\nareas = [\"havenshire\"]\n",
            "[[person]]\nsub = \"secret-name\"\nroles = [\"reader\"]\nareas = [\"atlantis\"]\n",
        ] {
            write(wrong);
            let refused = rights.of(&person).unwrap_err().to_string();
            assert!(
                refused.contains("people_file") && !refused.contains("secret"),
                "{refused}"
            );
        }
    }

    #[test]
    fn who_is_not_in_the_file_yet_while_it_is_written_has_no_grant_instead() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("people.toml");
        let barred = "[[person]]\nsub = \"u-2\"\nroles = [\"reader\"]\n[[person]]\nsub = \"u-1\"\nroles = []\n";
        let (half, _) = barred.split_at(barred.rfind("[[").unwrap());
        std::fs::write(&file, barred).unwrap();
        let rights = rights(SignIn {
            people_file: Some(file.clone()),
            claim: Some("group".into()),
            grants: vec![grant("ward", &[Role::Operator], &[])],
            ..SignIn::default()
        })
        .unwrap();
        let person = known(json!({ "group": "ward" }));
        assert!(rights.of(&person).unwrap().is_none());
        std::fs::write(&file, half).unwrap();
        std::thread::scope(|scope| {
            let asked = scope.spawn(|| rights.of(&person));
            std::thread::sleep(SETTLES / 2);
            std::fs::write(&file, barred).unwrap();
            let answer = asked.join().unwrap();
            assert!(answer.is_err() || answer.is_ok_and(|of| of.is_none()));
        });
        assert!(rights.of(&person).unwrap().is_none());
    }
}

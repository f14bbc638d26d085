//! Who asks: bearer tokens with roles. Without configured tokens everything is allowed, and the settings see to it
//! that only loopback is listened on.

use super::problem::Problem;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use joinedup_application::config::{Role, Token};
use joinedup_views::suppression::Audience;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The tokens, as digests: comparing digests tells nothing of how far a guess was right.
#[derive(Clone, Debug, Default)]
pub struct Tokens(Arc<Vec<([u8; 32], String, BTreeSet<Role>)>>);

/// Why tokens could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file could not be read.
    #[error("the token of {name} in {} cannot be read: {source}", path.display())]
    Read {
        /// Whose.
        name: String,
        /// Where.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The token is too short to be one.
    #[error("the token of {0} has fewer than 16 characters: make a longer one, at random")]
    Short(String),
}

impl Tokens {
    /// Reads the tokens from their files.
    ///
    /// # Errors
    /// When a file cannot be read or holds too short a token.
    pub fn read(tokens: &[Token]) -> Result<Self, TokenError> {
        let read = |token: &Token| {
            let failed = |source| TokenError::Read {
                name: token.name.clone(),
                path: token.file.clone(),
                source,
            };
            let text = std::fs::read_to_string(&token.file).map_err(failed)?;
            let text = text.trim();
            if text.len() < 16 {
                return Err(TokenError::Short(token.name.clone()));
            }
            Ok((
                digest(text),
                token.name.clone(),
                token.roles.iter().copied().collect(),
            ))
        };
        Ok(Self(Arc::new(
            tokens.iter().map(read).collect::<Result<_, _>>()?,
        )))
    }

    fn caller(&self, headers: &HeaderMap) -> Option<Caller> {
        if self.0.is_empty() {
            return Some(Caller {
                name: "local".into(),
                roles: None,
            });
        }
        let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let token = match given.split_once(' ')? {
            (scheme, token) if scheme.eq_ignore_ascii_case("bearer") => token.trim().to_owned(),
            (scheme, pair) if scheme.eq_ignore_ascii_case("basic") => basic_password(pair.trim())?,
            _ => return None,
        };
        let digest = digest(&token);
        let (_, name, roles) = self.0.iter().find(|(known, _, _)| *known == digest)?;
        Some(Caller {
            name: name.clone(),
            roles: Some(roles.clone()),
        })
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn basic_password(pair: &str) -> Option<String> {
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(pair)
        .ok()?;
    String::from_utf8(bytes)
        .ok()?
        .split_once(':')
        .map(|(_, password)| password.to_owned())
}

/// Who asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The token's name.
    pub name: String,
    roles: Option<BTreeSet<Role>>,
}

impl Caller {
    /// Whether the caller has a role; an admin has all of them, and without tokens everybody has.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.roles
            .as_ref()
            .is_none_or(|roles| roles.contains(&role) || roles.contains(&Role::Admin))
    }

    /// Refuses a caller without a role.
    ///
    /// # Errors
    /// A problem of status 403.
    pub fn must(&self, role: Role) -> Result<(), Problem> {
        let word = match role {
            Role::Publisher => "publisher",
            Role::Reader => "reader",
            Role::Operator => "operator",
            Role::Assessor => "assessor",
            Role::Admin => "admin",
        };
        if self.has(role) {
            Ok(())
        } else {
            Err(Problem::forbidden(word))
        }
    }
}

/// Finds out who asks, or refuses.
pub async fn identify(
    State(tokens): State<Tokens>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let caller = tokens
        .caller(request.headers())
        .ok_or_else(Problem::unauthorized)?;
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

/// What a caller may see: operators see small numbers as they are.
#[must_use]
pub fn audience(caller: &Caller) -> Audience {
    if caller.has(Role::Operator) {
        Audience::Operations
    } else {
        Audience::Public
    }
}

/// What a caller asks to see: those who may see more can ask for what everybody sees, with `audience=public`.
#[must_use]
pub fn asked_audience(caller: &Caller, parameters: &[(String, String)]) -> Audience {
    let as_public = |(name, value): &(String, String)| name == "audience" && value == "public";
    if parameters.iter().any(as_public) {
        Audience::Public
    } else {
        audience(caller)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_password_is_a_token_too() {
        assert_eq!(
            basic_password("d2FyZDpzZWNyZXQtdG9rZW4="),
            Some("secret-token".into())
        );
        assert_eq!(basic_password("!!"), None);
    }

    #[test]
    fn with_tokens_a_stranger_is_nobody_and_roles_are_kept_apart() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("t");
        std::fs::write(&file, "0123456789abcdef\n").unwrap();
        let tokens = Tokens::read(&[Token {
            name: "ward".into(),
            file,
            roles: vec![Role::Operator],
        }])
        .unwrap();
        let mut headers = HeaderMap::new();
        assert!(tokens.caller(&headers).is_none());
        headers.insert(
            header::AUTHORIZATION,
            "Bearer 0123456789abcdeX".parse().unwrap(),
        );
        assert!(tokens.caller(&headers).is_none());
        headers.insert(
            header::AUTHORIZATION,
            "Bearer 0123456789abcdef".parse().unwrap(),
        );
        let caller = tokens.caller(&headers).unwrap();
        assert!(
            caller.has(Role::Operator) && !caller.has(Role::Admin) && !caller.has(Role::Reader)
        );
    }
}

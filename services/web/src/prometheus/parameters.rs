//! Parameters of a call, from its address and from a form in its body.

use super::refusal::Refused;
use joinedup_promql::time;

/// The most parameters of a call.
const MAX_PARAMETERS: usize = 64;

/// The parameters.
#[derive(Debug)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads them. One that a call does not know is refused, because it would not do what it was given for.
    pub fn read(
        call: &str,
        known: &[&str],
        query: Option<&str>,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Result<Self, Refused> {
        let is_form = content_type
            .and_then(|kind| kind.split(';').next())
            .is_some_and(|kind| {
                kind.trim()
                    .eq_ignore_ascii_case("application/x-www-form-urlencoded")
            });
        if !body.is_empty() && !is_form {
            return Err(Refused::bad(
                "a body must be a form: content-type application/x-www-form-urlencoded",
            ));
        }
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes())
            .chain(form_urlencoded::parse(body));
        let mut all = Vec::new();
        for (name, value) in pairs {
            if !known.contains(&name.as_ref()) {
                let known = if known.is_empty() {
                    "none".to_owned()
                } else {
                    known.join(", ")
                };
                let name: String = name.chars().take(40).collect();
                return Err(Refused::bad(format!(
                    "{call} has no parameter {name:?}; it has {known}"
                )));
            }
            if all.len() == MAX_PARAMETERS {
                return Err(Refused::bad(format!(
                    "a call has {MAX_PARAMETERS} parameters at most"
                )));
            }
            // What is given empty is not given, as Prometheus has it.
            if !value.is_empty() {
                all.push((name.into_owned(), value.into_owned()));
            }
        }
        Ok(Self(all))
    }

    /// All values of a parameter.
    pub fn all<'p>(&'p self, name: &str) -> Vec<&'p str> {
        self.0
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The value of a parameter that is given once at most.
    pub fn one(&self, name: &str) -> Result<Option<&str>, Refused> {
        match self.all(name).as_slice() {
            [] => Ok(None),
            [value] => Ok(Some(value)),
            _ => Err(Refused::bad(format!(
                "invalid parameter \"{name}\": it is given more than once"
            ))),
        }
    }

    /// The value of a parameter that must be given.
    pub fn required(&self, name: &str) -> Result<&str, Refused> {
        self.one(name)?
            .ok_or_else(|| Refused::bad(format!("invalid parameter \"{name}\": it must be given")))
    }

    /// An instant, in milliseconds since 1970.
    pub fn instant(&self, name: &str) -> Result<Option<i64>, Refused> {
        let Some(text) = self.one(name)? else {
            return Ok(None);
        };
        time::instant(text).map(Some).ok_or_else(|| {
            let text: String = text.chars().take(40).collect();
            Refused::bad(format!(
                "invalid parameter \"{name}\": cannot parse {text:?} to a valid timestamp"
            ))
        })
    }

    /// A number; zero is not a bound.
    pub fn count(&self, name: &str) -> Result<Option<usize>, Refused> {
        let Some(text) = self.one(name)? else {
            return Ok(None);
        };
        let number: usize = text.parse().map_err(|_| {
            Refused::bad(format!(
                "invalid parameter \"{name}\": it must be a whole number, not below zero"
            ))
        })?;
        Ok((number > 0).then_some(number))
    }
}

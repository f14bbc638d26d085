//! The fields of a form, read one after the other: all that is wrong is noted, and not the first of it alone.

use super::super::record::Form;
use super::Faults;
use chrono::NaiveDate;
use joinedup_events::check::free_text;
use joinedup_views::decide::{Command, Refusal};
use std::str::FromStr;

/// A form that is being read.
#[derive(Debug)]
pub struct Reading<'a> {
    form: &'a Form,
    faults: Faults,
}

impl<'a> Reading<'a> {
    /// Begins to read a form.
    #[must_use]
    pub fn of(form: &'a Form) -> Self {
        let faults = Faults::default();
        Self { form, faults }
    }

    /// Notes the rule that a field broke.
    pub fn wrong(&mut self, field: &str, rule: &str) {
        self.faults.add(field, rule);
    }

    /// A field, where it is filled in.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.form.get(name)
    }

    /// A text that people wrote, where it is filled in.
    pub fn text(&mut self, name: &str) -> Option<String> {
        let text = self.get(name)?;
        for rule in free_text(text) {
            self.wrong(name, &rule);
        }
        Some(text.to_owned())
    }

    /// What was read from a field that has to be filled in.
    pub fn needed<T>(&mut self, name: &str, read: Option<T>) -> Option<T> {
        if self.get(name).is_none() {
            self.wrong(name, "is needed");
        }
        read
    }

    /// A field read as what it stands for, where it is filled in.
    pub fn parsed<T: FromStr>(&mut self, name: &str, what: &str) -> Option<T> {
        let read = self.get(name)?.parse().ok();
        if read.is_none() {
            self.wrong(name, &format!("must be {what}"));
        }
        read
    }

    /// A date, where it is filled in.
    pub fn date(&mut self, name: &str) -> Option<NaiveDate> {
        self.parsed(name, "a date such as 2026-11-22")
    }

    /// The date of what has happened, where it is filled in.
    pub fn past(&mut self, name: &str, today: NaiveDate) -> Option<NaiveDate> {
        let date = self.date(name);
        if date.is_some_and(|date| date > today) {
            self.wrong(name, &Refusal::InTheFuture.to_string());
        }
        date
    }

    /// What the form asks for, or all that is wrong with it: what was noted, and why nothing could be made of it.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn command(self, made: Result<Command, Refusal>) -> Result<Command, Faults> {
        let Self { mut faults, .. } = self;
        match made {
            Ok(command) if faults.is_empty() => return Ok(command),
            // What is made of a form with faults may lack what nobody is asked for.
            Err(refusal) if faults.is_empty() => {
                faults.add(refusal.field(), &refusal.to_string());
            }
            _ => {}
        }
        Err(faults)
    }

    /// What was read, or all that is wrong.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn whole<T>(self, read: Option<T>) -> Result<T, Faults> {
        match read {
            Some(read) if self.faults.is_empty() => Ok(read),
            None if self.faults.is_empty() => Err(Faults::one(
                "",
                "This form is not complete: open its page again",
            )),
            _ => Err(self.faults),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_wrong_is_noted_each_at_its_field() {
        let typed = [
            ("aim", "Ring Mr Jones at CM1 4LT"),
            ("by", "soon"),
            ("on", "2026-12-02"),
        ];
        let typed = typed.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let form = Form::of(typed.to_vec());
        let mut read = Reading::of(&form);
        read.text("aim");
        let owner = read.text("owner");
        read.needed("owner", owner);
        read.date("by");
        read.past("on", NaiveDate::from_ymd_opt(2026, 11, 30).unwrap());
        let missing = Refusal::Missing {
            field: "/owner",
            what: "the role that answers for it",
        };
        let faults = read.command(Err(missing)).unwrap_err();
        let at: Vec<&str> = faults.0.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(at, ["aim", "aim", "owner", "by", "on"], "{faults:?}");
    }
}

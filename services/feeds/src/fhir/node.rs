//! Elements of a resource, each with its path: absent, empty and of an unexpected shape are all alike.

use crate::line_list::moment::Moment;
use crate::stay::statement::Fault;
use serde_json::Value;

/// An element, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    value: &'a Value,
    path: String,
}

const NOT_A_TIME: &str = "is not a date or time as 2026-05-31 or 2026-05-31T14:30:00+01:00";

impl<'a> Node<'a> {
    pub fn new(value: &'a Value, path: impl Into<String>) -> Self {
        Self {
            value,
            path: path.into(),
        }
    }

    pub fn value(&self) -> &'a Value {
        self.value
    }

    /// What is wrong with it.
    pub fn fault(&self, sentence: &'static str) -> Fault {
        Fault {
            place: self.path.clone(),
            sentence,
        }
    }

    /// What is wrong with an element of it that may not be there.
    pub fn fault_in(&self, name: &str, sentence: &'static str) -> Fault {
        Fault {
            place: format!("{}.{name}", self.path),
            sentence,
        }
    }

    /// An element of it; of a list the first.
    pub fn get(&self, name: &str) -> Option<Self> {
        self.all(name).into_iter().next()
    }

    /// An element of an element of it.
    pub fn at(&self, names: &[&str]) -> Option<Self> {
        names
            .iter()
            .try_fold(self.clone(), |node, name| node.get(name))
    }

    /// All elements of a list; one that stands where a list is meant is a list of one.
    pub fn all(&self, name: &str) -> Vec<Self> {
        match self.value.get(name) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(list)) => {
                let named = |(at, value)| Self::new(value, format!("{}.{name}[{at}]", self.path));
                list.iter().enumerate().map(named).collect()
            }
            Some(value) => vec![Self::new(value, format!("{}.{name}", self.path))],
        }
    }

    /// Its text, where it is one and says anything.
    pub fn text(&self) -> Option<&'a str> {
        let text = self.value.as_str().map(str::trim);
        text.filter(|text| !text.is_empty())
    }

    /// The text of an element of it.
    pub fn text_at(&self, names: &[&str]) -> Option<&'a str> {
        self.at(names)?.text()
    }

    /// A date or time in it; anything else that is there is a fault.
    pub fn moment(&self, names: &[&str], faults: &mut Vec<Fault>) -> Option<Moment> {
        let node = self.at(names)?;
        let read = node.as_moment();
        if read.is_none() {
            faults.push(node.fault(NOT_A_TIME));
        }
        read
    }

    /// As a date or time: a whole date at least, for a year or a month is of no day.
    pub fn as_moment(&self) -> Option<Moment> {
        let text = self.text()?;
        let dashes = |at: usize| text.as_bytes().get(at) == Some(&b'-');
        let read = (dashes(4) && dashes(7)).then(|| Moment::read(text));
        read.flatten()
    }

    /// The codes and words of an element that is a code, a coding, or a concept with several of them. They are looked up, and go
    /// no further.
    pub fn words(&self) -> Vec<&'a str> {
        if let Some(text) = self.text() {
            return vec![text];
        }
        let mut codings = self.all("coding");
        codings.push(self.clone());
        let of = |coding: &Self| [coding.text_at(&["code"]), coding.text_at(&["display"])];
        let words = codings.iter().flat_map(of);
        words.chain([self.text_at(&["text"])]).flatten().collect()
    }

    /// The value of an extension, by the whole of its address or what comes after the last stroke.
    pub fn extension(&self, urls: &[String]) -> Option<Self> {
        self.all("extension").into_iter().find_map(|extension| {
            let url = extension.text_at(&["url"])?;
            let last = url.rsplit('/').next();
            let meant = urls.iter().any(|u| u == url || Some(u.as_str()) == last);
            let fields = extension.value.as_object().filter(|_| meant)?;
            let name = fields.keys().find(|name| name.starts_with("value"))?;
            extension.get(name)
        })
    }
}

//! Answers to messages: taken (`AA`), not taken with the reason (`AE`), or no message for this feed (`AR`).

use super::frame::{FS, VT};
use super::message::{Message, Separators};
use chrono::{DateTime, Utc};

/// So many characters of a header's field are sent back.
const MAX_ECHOED: usize = 200;

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is durable, or changes nothing; and what is to be known beside that, mostly nothing.
    Taken(String),
    /// It could not be taken, or not all of it: a sentence that holds no value of the message.
    Error(String),
    /// It is not a message that a feed of this kind takes.
    Rejected(String),
}

impl Answer {
    /// The code (MSA-1) and the text (MSA-3).
    #[must_use]
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Taken(text) => ("AA", text),
            Self::Error(text) => ("AE", text),
            Self::Rejected(text) => ("AR", text),
        }
    }

    /// The framed bytes. `message` is what is answered, where it could be read; `feed` is who answers.
    #[must_use]
    pub fn framed(&self, message: Option<&Message>, feed: &str, now: DateTime<Utc>) -> Vec<u8> {
        let separators = message.map(Message::separators).unwrap_or_default();
        let Separators {
            field: f,
            component: c,
            repetition: r,
            escape: e,
            subcomponent: s,
        } = separators;
        let of = |field: usize| message.map_or("", |m| m.raw("MSH", field));
        let echo = |field: usize| -> String {
            let text = of(field).chars().filter(|c| !c.is_control());
            text.take(MAX_ECHOED).collect()
        };
        let (code, text) = self.parts();
        let marks = [f, c, r, e, s];
        let text = text.replace(|char: char| marks.contains(&char) || char.is_control(), " ");
        let version = Some(echo(12)).filter(|version| !version.is_empty());
        let header = [
            format!("MSH{f}{c}{r}{e}{s}"),
            "joinedup".to_owned(),
            feed.to_owned(),
            echo(3),
            echo(4),
            now.format("%Y%m%d%H%M%S+0000").to_string(),
            String::new(),
            "ACK".to_owned(),
            format!("{}", now.timestamp_micros()),
            "P".to_owned(),
            version.unwrap_or_else(|| "2.4".to_owned()),
        ];
        let msa = ["MSA".to_owned(), code.to_owned(), echo(10), text];
        let f = f.to_string();
        let body = format!("{}\r{}\r", header.join(&f), msa.join(&f));
        [&[VT], body.as_bytes(), &[FS, b'\r']].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_the_message_in_its_own_separators_and_nothing_else_of_it() {
        let sent = "MSH#*~\\&#PAS#RAJ#x#y#20261120##ADT*A01#M-7#P#2.3\rPID#1##Secret\r";
        let message = Message::read(sent.as_bytes());
        let answer = Answer::Error("`/time` must # not".to_owned());
        let bytes = answer.framed(message.as_ref(), "pas", DateTime::UNIX_EPOCH);
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(
            text,
            "\u{b}MSH#*~\\&#joinedup#pas#PAS#RAJ#19700101000000+0000##ACK#0#P#2.3\rMSA#AE#M-7#`/time` must   not\r\u{1c}\r"
        );
        let rejected = Answer::Rejected("is not a message".to_owned());
        let text = String::from_utf8(rejected.framed(None, "pas", DateTime::UNIX_EPOCH)).unwrap();
        assert!(text.contains("MSA|AR||is not a message\r"), "{text}");
    }
}

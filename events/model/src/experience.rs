//! Experience: what people, carers and staff answer when asked.

use crate::facts::{Retracted, codes, facts, payload};
use crate::id::Slug;

codes! {
    /// How the answers were given.
    Mode {
        /// Face to face.
        FaceToFace = "face-to-face",
        /// By telephone.
        Telephone = "telephone",
        /// On paper.
        Paper = "paper",
        /// Online.
        Online = "online",
    }
}
codes! {
    /// Who answered.
    Respondent {
        /// The person who has the care.
        Person = "person",
        /// A carer, for themselves.
        Carer = "carer",
        /// A member of staff.
        Staff = "staff",
    }
}
payload! {
    /// One item's answer.
    Answer {
        /// The item of the instrument.
        item: Slug,
        /// The score on the item's scale; none: not applicable.
        #[serde(default)]
        score: Option<u8>,
    }
}
payload! {
    /// A questionnaire was answered (`time`).
    Answered {
        /// The instrument: `i-statements` (1 strongly disagree … 5 strongly agree), `p3c-eq` (0–3), `tci-14` (1–5).
        instrument: Slug,
        /// The answers, one for each item.
        answers: Vec<Answer>,
        /// A carer helped to answer.
        #[serde(default)]
        with_carer: bool,
        /// How the questionnaire was answered.
        mode: Mode,
        /// Who answered: the person or somebody for them.
        respondent: Respondent,
        /// The team, for instruments that are reported by team.
        #[serde(default)]
        team: Option<Slug>,
        /// Which people the person is one of, by the id of a population of the catalogue.
        #[serde(default)]
        population: Option<Slug>,
    }
}
payload! {
    /// Invitations to answer were sent (`time`).
    Invited {
        /// The instrument.
        instrument: Slug,
        /// How many people were invited.
        count: u32,
        /// Which people were invited, by the id of a population of the catalogue; none: anybody.
        #[serde(default)]
        population: Option<Slug>,
    }
}
payload! {
    /// A comment was read and given themes; its words stay outside.
    CommentCoded {
        /// The instrument it came with.
        instrument: Slug,
        /// Themes of the local list.
        themes: Vec<Slug>,
        /// Which people the person is one of, by the id of a population of the catalogue.
        #[serde(default)]
        population: Option<Slug>,
    }
}
facts! {
    /// The facts about a response or a batch of invitations.
    ExperienceFact {
        /// Answered.
        Answered(Answered) = "answered" v 1,
        /// Invited.
        Invited(Invited) = "invited" v 1,
        /// Comment coded.
        CommentCoded(CommentCoded) = "comment-coded" v 1,
        /// An event about this response is taken back.
        Retracted(Retracted) = "retracted" v 1,
    }
}

//! One macro that makes a family: the enum of its facts with their wire names, versions and decoding.

/// Declares a family's facts.
///
/// Each line is `Variant(Payload) = "wire-name" vN`. Wire names are written out, never derived from type names;
/// new variants go at the end, because stored views number them.
macro_rules! facts {
    ($(#[$doc:meta])* $enum:ident { $( $(#[$vdoc:meta])* $variant:ident($payload:ty) = $name:literal v $version:literal ),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub enum $enum { $( $(#[$vdoc])* $variant($payload) ),+ }

        impl $enum {
            /// Wire name and newest version of every fact of the family, in order.
            pub const TYPES: &'static [(&'static str, u16)] = &[ $( ($name, $version) ),+ ];

            /// The wire name.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $( Self::$variant(_) => $name ),+ }
            }

            /// The newest version of the fact's wire form.
            #[must_use]
            pub fn version(&self) -> u16 {
                match self { $( Self::$variant(_) => $version ),+ }
            }

            /// Reads the newest form of a fact; `None` when the family has no fact of that name.
            ///
            /// # Errors
            /// When the data do not have the fact's shape.
            pub fn decode(name: &str, data: &str) -> Result<Option<Self>, serde_json::Error> {
                let mut reader = serde_json::Deserializer::from_str(data);
                let read = Self::read(name, &mut reader)?;
                reader.end()?;
                Ok(read.map(|(_, fact)| fact))
            }

            /// Reads the newest form of a fact and the fields that name its area and entity; `None` when the family has
            /// no fact of that name.
            ///
            /// # Errors
            /// When the data do not have the fact's shape.
            pub(crate) fn read<'de, D: serde::Deserializer<'de>>(
                name: &str,
                reader: D,
            ) -> Result<Option<(crate::keys::Keys<'de>, Self)>, D::Error> {
                Ok(Some(match name {
                    $( $name => {
                        let (keys, payload) = crate::keys::read(reader)?;
                        (keys, Self::$variant(payload))
                    } )+
                    _ => return Ok(None),
                }))
            }

            /// The fact's own fields as JSON, unset ones as null.
            #[must_use]
            pub fn to_json(&self) -> serde_json::Value {
                match self { $( Self::$variant(payload) => serde_json::to_value(payload).unwrap_or_default() ),+ }
            }

            /// The JSON Schema of every fact's own fields, by wire name.
            #[cfg(feature = "schema")]
            #[must_use]
            pub fn schemas() -> Vec<(&'static str, u16, schemars::Schema)> {
                vec![ $( ($name, $version, schemars::schema_for!($payload)) ),+ ]
            }
        }
    };
}

/// Declares a fact's payload: a struct that is written to JSON by events and to compact bytes by views.
macro_rules! payload {
    ($(#[$doc:meta])* $name:ident { $( $(#[$fdoc:meta])* $field:ident : $type:ty ),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub struct $name { $( $(#[$fdoc])* pub $field: $type ),* }
    };
}

/// Declares a closed list of codes, written in kebab case (or as given by `serde(rename)`).
macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $( $(#[$vdoc:meta])* $variant:ident = $code:literal ),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum $name { $( $(#[$vdoc])* #[serde(rename = $code)] $variant ),+ }

        impl $name {
            /// All codes, in order.
            pub const ALL: &'static [$name] = &[ $( $name::$variant ),+ ];

            /// The code as written.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $( Self::$variant => $code ),+ }
            }

            /// The code of that spelling.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $( $code => Some(Self::$variant), )+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}

payload! {
    /// A fact that holds nothing beyond that it happened, at the envelope's `time`.
    Happened {}
}

payload! {
    /// Takes back an event that should not have been published. The fact it names counts as never reported.
    Retracted {
        /// The `id` of the event taken back. It has the same `source` as the retraction, unless `retracts_source` says otherwise.
        retracts: String,
        /// The `source` of the event taken back, when it is another one.
        #[serde(default)]
        retracts_source: Option<String>,
        /// The `previous` entity that the retracted event named, if it named one: that one got the fact too.
        #[serde(default)]
        previous: Option<crate::id::EntityId>,
    }
}

impl Retracted {
    /// Before the digest of an erased event, in the retraction that stands at its position instead of it.
    pub const TOMBSTONE: &str = "erased-sha256:";

    /// Whether it stands where another event was erased, and takes back nothing by intention.
    #[must_use]
    pub fn is_tombstone(&self) -> bool {
        self.retracts.starts_with(Self::TOMBSTONE)
    }

    /// Whether it stands where an event of that log was erased, when it was written anew.
    #[must_use]
    pub fn is_tombstone_of(&self, log: &str) -> bool {
        self.is_tombstone() && self.retracts_source.as_deref() == Some(log)
    }

    /// The SHA-256 digest of the event that stood where this tombstone stands; none of any other retraction.
    #[must_use]
    pub fn erased(&self) -> Option<[u8; 32]> {
        let digits = self.retracts.strip_prefix(Self::TOMBSTONE)?;
        let digest = data_encoding::HEXLOWER.decode(digits.as_bytes()).ok()?;
        digest.try_into().ok()
    }
}

pub(crate) use {codes, facts, payload};

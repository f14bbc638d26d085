//! The problems that operations answer with.

/// Problems by status, name and reason.
pub const PROBLEMS: [(&str, &str, &str); 10] = [
    ("400", "BadRequest", "The question makes no sense."),
    ("401", "Unauthorized", "A token is needed."),
    (
        "403",
        "Forbidden",
        "The token lacks the role, or is bound to other areas or sources.",
    ),
    ("404", "NotFound", "There is no such thing here."),
    (
        "409",
        "Conflict",
        "Somebody else was first; the body says what stands now.",
    ),
    ("415", "MediaType", "Not a CloudEvents media type."),
    (
        "422",
        "Refused",
        "A field breaks a rule; nothing was stored.",
    ),
    (
        "501",
        "NotBuilt",
        "The program was built without this; the body says how to build it.",
    ),
    ("503", "Unavailable", "Not now; come back."),
    ("507", "Full", "The log refused the event."),
];
pub const BAD: usize = 0;
pub const STRANGER: usize = 1;
pub const FORBIDDEN: usize = 2;
pub const UNKNOWN: usize = 3;
pub const CONFLICT: usize = 4;
pub const MEDIA_TYPE: usize = 5;
pub const REFUSED: usize = 6;
pub const NOT_BUILT: usize = 7;
pub const UNAVAILABLE: usize = 8;
pub const FULL: usize = 9;

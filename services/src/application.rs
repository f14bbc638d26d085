//! What the program does for people, whichever door they come through: no HTTP and no HTML.

pub mod execute;
pub mod request;

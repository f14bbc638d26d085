//! The program `joinedup`: commands and settings over the crates of the street.

pub mod cli;
pub mod commands;
pub mod late_log;
pub mod logging;
pub mod open_log;
pub mod program;
pub mod systemd;

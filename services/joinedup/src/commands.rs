//! One file a command.

pub mod audit;
#[cfg(feature = "bench")]
pub mod bench;
pub mod check;
pub mod county;
pub mod demo;
pub mod erase;
pub mod export;
pub mod healthcheck;
pub mod import;
pub mod import_clients;
pub mod import_list;
pub mod man;
pub mod measures;
pub mod quantities;
pub mod rebuild;
pub mod salvage;
pub mod serve;
pub mod settings;
pub mod simulate;
pub mod spc;
pub mod stream;
pub mod target;

//! What the API is asked and what it answers, as types. The server writes them, the importer reads them, and the OpenAPI
//! document that clients are generated from is made of them, so that none of the three says something else.

pub mod answer;
#[cfg(feature = "schema")]
pub mod document;
pub mod field_error;
pub mod parameter;
pub mod problem;
pub mod request;

pub use field_error::FieldError;
pub use problem::Problem;

/// The OpenAPI document, as `cargo run -p joinedup-contract --features schema --example openapi` writes it.
pub const OPENAPI: &str = include_str!("../openapi.json");

//! What the product does, whoever asks for it: no HTTP, no HTML, no settings.

pub mod publisher;

//! The repository is laid out as ARCHITECTURE.md says: who may depend on whom, which folder may use which, who may name which engine, what no
//! committed file may hold.

mod arrows;
mod dependencies;
mod files;
mod image;
mod manifest;
mod rooms;
mod walkthrough;

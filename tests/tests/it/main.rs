//! Tests of the whole product against real servers, in one program because each program takes seconds to link.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "all of this program is tests"
)]

mod add_data;
mod add_shares;
mod add_undo;
mod analysts;
mod answer_links;
mod assurance;
mod audit;
mod backed_up;
mod catalogue;
mod changes;
mod cli;
mod clients;
mod clusters;
mod contradictions;
mod demo;
mod doors;
mod editions;
mod england;
mod erased;
mod event_time;
mod feeds;
mod feeds_fhir;
mod feeds_hl7;
mod feeds_hl7_stays;
mod feeds_hl7_tls;
mod frameworks;
mod hard_cases;
mod harness;
mod killed;
mod line_lists;
mod live;
mod manners;
mod metrics;
mod noise_county;
mod nothing_silent;
mod one_answer;
mod own_areas;
mod pages;
mod people;
mod plain_words;
mod plans;
mod populations;
mod privacy;
mod published;
mod real_data;
mod real_essex;
mod round;
mod rules;
mod same_answer;
mod sheets;
mod sign_in;
mod source_words;
mod structure;
mod tls;
mod trials;
mod two_tabs;

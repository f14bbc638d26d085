//! Every backend against the same contract.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by a panic"
)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use joinedup_log::EventLog;
use joinedup_log::conformance::Opener;
use joinedup_log::memory::MemoryLog;

#[path = "support/nats_server.rs"]
#[expect(
    dead_code,
    reason = "the contract kills no servers; the tests of the JetStream log do"
)]
mod nats_server;

/// Keeps the logs it made, as a log in memory cannot be found again otherwise.
#[derive(Default)]
struct InMemory(Mutex<HashMap<String, MemoryLog>>);

#[async_trait]
impl Opener for InMemory {
    async fn open(&self, name: &str) -> Result<Arc<dyn EventLog>, String> {
        let mut logs = self.0.lock().map_err(|_| "a check panicked".to_owned())?;
        Ok(Arc::new(logs.entry(name.to_owned()).or_default().clone()))
    }
}

mod memory {
    use super::InMemory;
    joinedup_log::conformance_suite!(InMemory::default());
}

/// A server that loses nothing is a log like any other.
mod lossy {
    use super::*;
    use joinedup_log::lossy::LossyLog;

    #[derive(Default)]
    struct Lossless(Mutex<HashMap<String, LossyLog>>);

    #[async_trait]
    impl Opener for Lossless {
        async fn open(&self, name: &str) -> Result<Arc<dyn EventLog>, String> {
            let mut logs = self.0.lock().map_err(|_| "a check panicked".to_owned())?;
            Ok(Arc::new(logs.entry(name.to_owned()).or_default().clone()))
        }
    }

    joinedup_log::conformance_suite!(Lossless::default());
}

/// A fault plan that breaks nothing must change nothing, but cuts batches.
mod fault {
    use super::*;
    use joinedup_log::fault::{FaultLog, FaultPlan};

    struct AroundMemory(InMemory);

    #[async_trait]
    impl Opener for AroundMemory {
        async fn open(&self, name: &str) -> Result<Arc<dyn EventLog>, String> {
            let mut logs = self.0.0.lock().map_err(|_| "a check panicked".to_owned())?;
            let log = logs.entry(name.to_owned()).or_default().clone();
            let plan = FaultPlan {
                chunk: Some(7),
                ..FaultPlan::default()
            };
            Ok(Arc::new(FaultLog::new(Arc::new(log), plan)))
        }
    }

    joinedup_log::conformance_suite!(AroundMemory(InMemory::default()));
}

/// Real servers: one for each log, as two streams on one server can't have the same subjects.
mod jetstream {
    use super::*;
    use crate::nats_server::NatsServer;
    use joinedup_log::jetstream::JetStreamLog;

    #[derive(Default)]
    struct OnServers(tokio::sync::Mutex<HashMap<String, NatsServer>>);

    #[async_trait]
    impl Opener for OnServers {
        async fn open(&self, name: &str) -> Result<Arc<dyn EventLog>, String> {
            let mut servers = self.0.lock().await;
            let server = servers
                .entry(name.to_owned())
                .or_insert_with(NatsServer::start);
            let log: JetStreamLog = server.log(name).await;
            Ok(Arc::new(log))
        }
    }

    joinedup_log::conformance_suite!(OnServers::default());
}

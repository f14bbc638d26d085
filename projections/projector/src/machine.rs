//! What a projector runs on: threads and a disk. A simulation puts others in their place.

use joinedup_store::{DurableStore, OpenError, Options, Store};
use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use tokio::runtime::Handle;

/// Work that may block the thread that it runs on.
pub(crate) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where tasks run and where stores lie.
pub(crate) trait Machine: Debug + Send + Sync {
    /// Begins a task beside all others. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When it cannot be begun.
    fn run(&self, name: &str, task: Task) -> io::Result<()>;

    /// Opens the store in a folder, or makes one. What is damaged there is moved aside.
    ///
    /// # Errors
    /// When the folder cannot be used.
    fn open(&self, path: &Path, options: Options) -> Result<Arc<dyn Store>, OpenError>;
}

/// The machine that the process runs on: each task has a thread of its own, and stores are durable.
#[derive(Debug)]
pub(crate) struct RealMachine;

impl Machine for RealMachine {
    fn run(&self, name: &str, task: Task) -> io::Result<()> {
        let runtime = Handle::current();
        let thread = std::thread::Builder::new().name(name.to_owned());
        thread.spawn(move || runtime.block_on(task)).map(drop)
    }

    fn open(&self, path: &Path, options: Options) -> Result<Arc<dyn Store>, OpenError> {
        let (store, _) = DurableStore::open_or_move_aside(path, options)?;
        Ok(Arc::new(store))
    }
}

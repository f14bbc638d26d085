//! What opening a store's files finds in them, before anything is promised of it.

use crate::engine::{DATA, Engine};
use crate::mark::{Mark, MarkError};
use crate::state::{self, State};
use crate::{OpenError, folder};
use std::path::Path;

/// A store's files, opened and found to belong together.
pub(crate) struct Content {
    /// The database.
    pub engine: Engine,
    /// The store's own row; none in one that was never written to.
    pub state: Option<State>,
    /// Its mark; none where the process that made the store died before it was written.
    pub mark: Option<Mark>,
}

impl Content {
    /// Opens files, and finds out whether they are those of one store that has lost none of its commits. Errors name the
    /// folder `of`, whose files or copies of them these are.
    pub fn look(files: &Path, of: &Path, cache_bytes: u64) -> Result<Self, OpenError> {
        let io = |error: std::io::Error| OpenError::io(of, &error);
        let mark = Mark::open(files).map_err(|error| match error {
            MarkError::Io(error) => OpenError::io(of, &error),
            MarkError::Unreadable(what) => OpenError::damaged(of, what),
            MarkError::OtherFormat => OpenError::OtherFormat {
                path: of.into(),
                what: "its mark is of a version this program does not know".into(),
            },
        })?;
        // sled would make a new data file without a word.
        if mark.is_some() && !files.join(DATA).is_file() {
            return Err(OpenError::damaged(of, "its data file is missing"));
        }
        folder::remove_unfinished_snapshots(files).map_err(io)?;
        let engine = Engine::open(files, of, cache_bytes)?;
        let state = state_of(&engine, of)?;
        let damaged = |what: &str| Err(OpenError::damaged(of, what));
        match (&state, &mark) {
            (Some(state), Some((mark, _))) if state.id != mark.id() => {
                damaged("its mark belongs to another store")
            }
            (Some(state), Some((_, commits))) if state.commits < *commits => {
                let (found, lost) = (state.commits, commits - state.commits);
                damaged(&format!(
                    "it ends after commit {found}, and the {lost} that followed are lost"
                ))
            }
            (None, Some(_)) => damaged("it reads as empty although it was not"),
            (Some(state), None) if state.commits > 0 => damaged("its mark is missing"),
            (None, None) if !engine.is_empty()? => {
                damaged("it holds rows that no store of this kind wrote")
            }
            _ => Ok(Self {
                engine,
                state,
                mark: mark.map(|(mark, _)| mark),
            }),
        }
    }
}

fn state_of(engine: &Engine, of: &Path) -> Result<Option<State>, OpenError> {
    let Some(stored) = engine.get(state::KEY)? else {
        return Ok(None);
    };
    let state = State::open(&stored);
    state
        .map(Some)
        .ok_or_else(|| OpenError::damaged(of, "its own row does not match its checksum"))
}

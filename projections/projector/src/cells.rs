//! The cells of a view that was written whole: their pages in a sorted file. The store has only those that changed since,
//! so it stays small: sled would hold all that it was given in memory.

use crate::checkpoint::CELLS;
use crate::facts::RESERVE_BYTES;
use crate::saved::SaveError;
use joinedup_events::id::hash_two;
use joinedup_store::{CommitError, SortedFile, SortedWriter, Store};
use joinedup_views::Cells;
use joinedup_views::cell::Page;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where they lie in a view's folder.
fn path(view: &Path) -> PathBuf {
    view.join("cells")
}

/// What the file calls a page.
fn key(name: &str) -> u128 {
    hash_two("cells", name)
}

/// Writes all pages; answers how many bytes they are.
pub(crate) fn write(view: &Path, cells: &Cells) -> Result<usize, CommitError> {
    let pages = cells.pages().into_iter();
    let mut pages: Vec<(u128, Page)> = pages
        .map(|page| (key(&cells.page_name(page)), page))
        .collect();
    pages.sort_unstable();
    let mut writer = SortedWriter::begin(path(view), pages.len() as u64, RESERVE_BYTES)?;
    for (key, page) in pages {
        if let Some(bytes) = cells.page(page) {
            writer.add(key, &bytes)?;
        }
    }
    let file = writer.finish()?;
    Ok(usize::try_from(file.bytes()).unwrap_or(usize::MAX))
}

/// Takes stored cells back: the pages of the store, and those of the file, where there is one, that the store has not.
/// Answers how many bytes the file has.
pub(crate) fn load(
    view: &Path,
    store: &dyn Store,
    in_file: bool,
) -> Result<(Cells, usize), SaveError> {
    let (mut cells, mut changed) = (Cells::default(), BTreeSet::new());
    for row in store.scan(CELLS, &[]) {
        let row = row?;
        let name = row
            .key
            .strip_prefix(CELLS)
            .and_then(|name| std::str::from_utf8(name).ok());
        changed.insert(key(
            name.ok_or(SaveError::Row("a page of cells has no proper name"))?
        ));
        // A page of which nothing is left is an empty row.
        if !row.value.is_empty() {
            cells.load_page(&row.value)?;
        }
    }
    if !in_file {
        return Ok((cells, 0));
    }
    let file = SortedFile::open(path(view))?;
    for page in file.scan(0) {
        let (key, bytes) = page?;
        if !changed.contains(&key) {
            cells.load_page(&bytes)?;
        }
    }
    let bytes = usize::try_from(file.bytes()).unwrap_or(usize::MAX);
    Ok((cells, bytes))
}

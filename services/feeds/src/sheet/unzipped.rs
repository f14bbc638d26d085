//! How large a workbook is once it is unzipped: a small file can be made to fill all memory, and is refused before it does.

use super::SheetError;
use std::io::{Read, Seek};
use zip::ZipArchive;

/// The most bytes of all parts of a workbook together.
const MAX_BYTES: u64 = 512 << 20;
/// A workbook of this size and less is taken whatever its file's size is.
const ALWAYS_TAKEN: u64 = 32 << 20;
/// How many times its file's size a larger workbook may have: rows that are much alike come to some thirty times.
const MAX_RATIO: u64 = 100;

/// Unzips a workbook without keeping it, and stops where it is too large.
///
/// # Errors
/// When it is too large, or cannot be unzipped.
pub(super) fn must_be_bounded(file: impl Read + Seek, file_bytes: u64) -> Result<(), SheetError> {
    let limit = (file_bytes.saturating_mul(MAX_RATIO)).clamp(ALWAYS_TAKEN, MAX_BYTES);
    let mut archive = ZipArchive::new(file).map_err(|_| SheetError::NotAWorkbook)?;
    let mut left = limit;
    for part in 0..archive.len() {
        let part = archive.by_index(part);
        let part = part.map_err(|_| SheetError::NotAWorkbook)?;
        // What it says of its own size is not relied on: it is counted.
        let counted = std::io::copy(&mut part.take(left + 1), &mut std::io::sink());
        let counted = counted.map_err(|_| SheetError::NotAWorkbook)?;
        left = left
            .checked_sub(counted)
            .ok_or(SheetError::Unzipped(limit >> 20))?;
    }
    Ok(())
}

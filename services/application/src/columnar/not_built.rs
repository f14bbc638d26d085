//! Stands for the writer of Parquet in a build without it, which never begins a file.

use super::{Column, Remark, TableError};
use std::convert::Infallible;
use std::io::Write;
use std::marker::PhantomData;

/// A file that was never begun.
pub(super) struct Writer<W, R>(Infallible, PhantomData<(W, R)>);

impl<W: Write + Send, R> Writer<W, R> {
    pub(super) fn begin(_: W, _: Vec<Column<R>>) -> Result<Self, TableError> {
        Err(TableError::NotBuilt)
    }

    pub(super) fn add(&mut self, _: R) -> Result<(), TableError> {
        match self.0 {}
    }

    pub(super) fn finish(self, _: Vec<Remark>) -> Result<(), TableError> {
        match self.0 {}
    }
}

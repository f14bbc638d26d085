//! Writes rows as a Parquet file, one group of them in memory at a time.

use super::{Column, GROUP, Of, Remark, TableError};
use chrono::NaiveDate;
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};
use std::io::Write;
use std::sync::Arc;

impl From<ParquetError> for TableError {
    fn from(error: ParquetError) -> Self {
        Self::Write(error.to_string())
    }
}

/// A file that is being written.
pub(super) struct Writer<W: Write + Send, R> {
    file: SerializedFileWriter<W>,
    columns: Vec<Column<R>>,
    rows: Vec<R>,
}

impl<W: Write + Send, R> Writer<W, R> {
    /// Begins a file of these columns.
    pub(super) fn begin(to: W, columns: Vec<Column<R>>) -> Result<Self, TableError> {
        let fields: Result<Vec<TypePtr>, ParquetError> = columns.iter().map(field).collect();
        let schema = Type::group_type_builder("rows")
            .with_fields(fields?)
            .build()?;
        let properties = WriterProperties::builder()
            .set_created_by(concat!("joinedup ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::SNAPPY)
            .build();
        Ok(Self {
            file: SerializedFileWriter::new(to, Arc::new(schema), Arc::new(properties))?,
            columns,
            rows: Vec::new(),
        })
    }

    /// Adds a row.
    pub(super) fn add(&mut self, row: R) -> Result<(), TableError> {
        self.rows.push(row);
        if self.rows.len() == GROUP {
            self.group()?;
        }
        Ok(())
    }

    /// Writes what is left, and what the file says of itself.
    pub(super) fn finish(mut self, remarks: Vec<Remark>) -> Result<(), TableError> {
        if !self.rows.is_empty() {
            self.group()?;
        }
        for (name, value) in remarks {
            let remark = KeyValue::new(format!("joinedup.{name}"), value);
            self.file.append_key_value_metadata(remark);
        }
        self.file.finish()?;
        self.file
            .inner_mut()
            .flush()
            .map_err(|e| TableError::Write(e.to_string()))
    }

    fn group(&mut self) -> Result<(), TableError> {
        let mut group = self.file.next_row_group()?;
        let rows = &self.rows;
        for (_, of) in &self.columns {
            let Some(to) = group.next_column()? else {
                break;
            };
            match of {
                Of::Text(of) => write::<ByteArrayType, R>(to, rows, |row| {
                    of(row).map(|text| ByteArray::from(text.into_owned().into_bytes()))
                }),
                Of::Number(of) => write::<DoubleType, R>(to, rows, of),
                Of::Whole(of) => write::<Int64Type, R>(to, rows, of),
                Of::Date(of) => write::<Int32Type, R>(to, rows, |row| of(row).map(days)),
                Of::Instant(of) => write::<Int64Type, R>(to, rows, |row| {
                    of(row).map(|instant| instant.timestamp_micros())
                }),
            }?;
        }
        group.close()?;
        self.rows.clear();
        Ok(())
    }
}

/// The type of a column. Each may be null.
fn field<R>((title, of): &Column<R>) -> Result<TypePtr, ParquetError> {
    let (physical, logical) = match of {
        Of::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Of::Number(_) => (Physical::DOUBLE, None),
        Of::Whole(_) => (Physical::INT64, None),
        Of::Date(_) => (Physical::INT32, Some(LogicalType::Date)),
        Of::Instant(_) => {
            let logical = LogicalType::timestamp(true, TimeUnit::MICROS);
            (Physical::INT64, Some(logical))
        }
    };
    let field = Type::primitive_type_builder(title, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical)
        .build()?;
    Ok(Arc::new(field))
}

fn write<T: DataType, R>(
    mut to: SerializedColumnWriter<'_>,
    rows: &[R],
    of: impl Fn(&R) -> Option<T::T>,
) -> Result<(), ParquetError> {
    let (mut values, mut present) = (Vec::new(), Vec::with_capacity(rows.len()));
    for value in rows.iter().map(of) {
        present.push(i16::from(value.is_some()));
        values.extend(value);
    }
    to.typed::<T>().write_batch(&values, Some(&present), None)?;
    to.close()
}

/// Days since 1 January 1970.
fn days(date: NaiveDate) -> i32 {
    date.to_epoch_days()
}

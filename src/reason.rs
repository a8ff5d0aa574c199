//! Why a document became a letter: one code for one reason, the same in letters, metrics and docs.

use std::fmt;

/// The reason code of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The record's data is not base64.
    BadBase64,
    /// A KPL aggregate, or one of its user records, is not put together as it should be.
    BadAggregate,
    /// Compressed bytes that break off, are damaged, are followed by something else, or are compressed too many times over.
    BadCompression,
    /// Decompressed, the record would pass `MAX_DECOMPRESSED_BYTES`.
    DecompressedTooLarge,
    /// The record's bytes are not UTF-8.
    BadUtf8,
    /// The text is not JSON.
    BadJson,
    /// The JSON value is not an object.
    NotAnObject,
    /// The record holds more documents than one may.
    TooManyDocuments,
    /// The record lacks what every record has, its data or its sequence number, or is otherwise not as Lambda delivers records.
    BadRecord,
    /// A field that the mapping requires is absent.
    MissingField,
    /// A value cannot be what the mapping makes of it, such as null inside a text.
    BadValue,
    /// A key attribute has another type than the mapping declares.
    WrongKeyType,
    /// A key attribute is empty.
    EmptyKey,
    /// A key attribute is longer than 2048 bytes (partition key) or 1024 bytes (sort key).
    KeyTooLong,
    /// A number has more than 38 significant digits or a magnitude outside 1E-130 … 9.9E+125.
    NumberOutOfRange,
    /// An attribute name is empty or longer than 65,535 bytes.
    BadAttributeName,
    /// Lists and maps are nested deeper than the table stores.
    NestingTooDeep,
    /// The item is larger than 400 KB.
    ItemTooLarge,
    /// Handling the record panicked; a defect of this program.
    Internal,
    /// `PERSIST_RECORDS` items were admitted before it.
    OverLimit,
    /// The table refused the item.
    RefusedByTable,
    /// The table could not be written to in time, and `WRITE_FAILURES` is `dlq`.
    WriteFailed,
}

impl Reason {
    /// The code as letters and metrics carry it.
    pub fn code(self) -> &'static str {
        match self {
            Reason::BadBase64 => "bad_base64",
            Reason::BadAggregate => "bad_aggregate",
            Reason::BadCompression => "bad_compression",
            Reason::DecompressedTooLarge => "decompressed_too_large",
            Reason::BadUtf8 => "bad_utf8",
            Reason::BadJson => "bad_json",
            Reason::NotAnObject => "not_an_object",
            Reason::TooManyDocuments => "too_many_documents",
            Reason::BadRecord => "bad_record",
            Reason::MissingField => "missing_field",
            Reason::BadValue => "bad_value",
            Reason::WrongKeyType => "wrong_key_type",
            Reason::EmptyKey => "empty_key",
            Reason::KeyTooLong => "key_too_long",
            Reason::NumberOutOfRange => "number_out_of_range",
            Reason::BadAttributeName => "bad_attribute_name",
            Reason::NestingTooDeep => "nesting_too_deep",
            Reason::ItemTooLarge => "item_too_large",
            Reason::Internal => "internal",
            Reason::OverLimit => "over_limit",
            Reason::RefusedByTable => "refused_by_table",
            Reason::WriteFailed => "write_failed",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A name in a message is cut to this many characters.
const MAX_QUOTED_CHARS: usize = 80;

/// Why one document, or one record that could not be split into documents, cannot become an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    pub reason: Reason,
    /// Names the field, attribute or offset at fault; never a value, which may be private.
    pub message: String,
    /// The attribute at fault, if it is one's fault.
    pub attribute: Option<String>,
}

impl Rejection {
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Rejection { reason, message: message.into(), attribute: None }
    }

    /// Adds the name of the attribute that is at fault.
    #[must_use]
    pub fn of(self, attribute: &str) -> Self {
        let message = match attribute.char_indices().nth(MAX_QUOTED_CHARS) {
            Some((end, _)) => format!("attribute `{}…`: {}", &attribute[..end], self.message),
            None => format!("attribute `{attribute}`: {}", self.message),
        };
        Rejection { message, attribute: Some(attribute.to_owned()), ..self }
    }
}

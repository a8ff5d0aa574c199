//! A place in the document: a field's name, or a JSON Pointer.
//!
//! In: the text of a reference that names no source of ours. Out: the value there, borrowed, if there is one.

use super::error::Fault;
use crate::json::Json;

/// A place in the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    Name(Box<str>),
    Pointer(Box<str>),
}

impl Field {
    pub(super) fn compile(text: &str) -> Result<Field, Fault> {
        if text.is_empty() {
            return Err(Fault::new("a placeholder names no field; `{/}` is the field with the empty name, `{{` and `}}` are braces"));
        }
        if text.starts_with('/') {
            let escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
            return if escapes {
                Ok(Field::Pointer(text.into()))
            } else {
                Err(Fault::new(format!("`{text}` is not a JSON Pointer: write `~0` for `~` and `~1` for `/`")))
            };
        }
        if text.starts_with('@') {
            return Err(Fault::new(format!("`{text}`: `@hash:` takes fields and pointers only")));
        }
        if text.trim() != text {
            return Err(Fault::new(format!("field `{text}` has white space at its edges; if it is meant, write the pointer `/{text}`")));
        }
        if text.ends_with(['?', '!']) {
            return Err(Fault::new(format!("`{text}`: one `?` or `!` stands at the end, behind all alternatives")));
        }
        Ok(Field::Name(text.into()))
    }

    pub(super) fn find<'d>(&self, document: &'d Json<'d>) -> Option<&'d Json<'d>> {
        match self {
            Field::Name(name) => document.get(name),
            Field::Pointer(pointer) => document.pointer(pointer),
        }
    }

    /// As the declaration writes it.
    pub(super) fn text(&self) -> &str {
        match self {
            Field::Name(text) | Field::Pointer(text) => text,
        }
    }
}

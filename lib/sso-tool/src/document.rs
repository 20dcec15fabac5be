//! One JSON object, and the typed look into it.

use std::ops::{Deref, DerefMut};

use serde_json::{Map, Value};

use crate::exit::{Exit, Fault};

/// One JSON object. Keys keep their order; unknown keys are passed on.
#[derive(Clone, Debug, Default)]
pub struct Document {
    map: Map<String, Value>,
    /// Line and column where it began, if it came out of a stream.
    begin: Option<(usize, usize)>,
}

impl Document {
    /// A document without keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where it began.
    #[cfg(test)]
    pub(crate) fn begin(&self) -> Option<(usize, usize)> {
        self.begin
    }

    /// A document of a stream, where it began at this line and column.
    pub(crate) fn beginning(map: Map<String, Value>, begin: Option<(usize, usize)>) -> Self {
        Self { map, begin }
    }

    /// Sets a key: in place if it is there, else as the last one. Builder form of `insert`.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.set(key, value);
        self
    }

    /// Sets a key: in place if it is there, else as the last one.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.map.insert(key.to_owned(), value.into());
    }

    /// The text of `key`; `None` if it is absent or null; status 65 if it is no string.
    pub fn text(&self, key: &str) -> anyhow::Result<Option<&str>> {
        self.typed(key, "a string", Value::as_str)
    }

    /// The whole number of `key`; `None` if it is absent or null; status 65 if it is anything else.
    pub fn whole(&self, key: &str) -> anyhow::Result<Option<i64>> {
        self.typed(key, "a whole number", Value::as_i64)
    }

    /// The truth of `key`; `None` if it is absent or null; status 65 if it is no boolean.
    pub fn flag(&self, key: &str) -> anyhow::Result<Option<bool>> {
        self.typed(key, "true or false", Value::as_bool)
    }

    /// The strings of the list of `key`; none if it is absent or null; status 65 if it is anything else.
    pub fn texts(&self, key: &str) -> anyhow::Result<Vec<String>> {
        let read = |value: &Value| {
            value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        };
        Ok(self.typed(key, "a list of strings", read)?.unwrap_or_default())
    }

    /// The error of a key whose value isn't `kind` ("a string"): status 65. It says where the document began, if it came
    /// out of a stream.
    pub fn mistyped(&self, key: &str, kind: &str) -> Fault {
        let message = match self.begin {
            Some((line, column)) => {
                format!("document at line {line}, column {column}: `{key}` is not {kind}")
            }
            None => format!("`{key}` of the document is not {kind}"),
        };
        Fault::new(Exit::Data, message)
    }

    fn typed<'a, T>(
        &'a self,
        key: &str,
        kind: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> anyhow::Result<Option<T>> {
        match self.map.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match read(value) {
                Some(value) => Ok(Some(value)),
                None => Err(self.mistyped(key, kind).into()),
            },
        }
    }
}

/// By what they say, wherever they came from.
impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.map == other.map
    }
}

impl Deref for Document {
    type Target = Map<String, Value>;
    fn deref(&self) -> &Self::Target {
        &self.map
    }
}

impl DerefMut for Document {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.map
    }
}

impl From<Map<String, Value>> for Document {
    fn from(map: Map<String, Value>) -> Self {
        Self { map, begin: None }
    }
}

impl From<Document> for Value {
    fn from(document: Document) -> Self {
        Self::Object(document.map)
    }
}

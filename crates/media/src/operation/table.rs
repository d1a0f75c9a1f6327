//! What help and documentation say about operations, as data beside the code that reads them.

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// Its name on the wire and on the command line.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// Its options.
    pub parameters: &'static [Parameter],
    /// Parameters as an example, in JSON.
    pub example: &'static str,
}

/// One option of an operation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What kind of value it takes.
    pub kind: Value,
    /// What it does.
    pub help: &'static str,
}

/// Kinds of values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// A whole number from, to.
    Integer(u64, u64),
    /// Any number from, to.
    Number(f64, f64),
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// True or false.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// One of these words, or a whole number from, to.
    WordOrInteger(&'static [&'static str], u64, u64),
    /// Text of this shape.
    Text(&'static str),
}

/// An option, for the rows.
pub(crate) const fn parameter(name: &'static str, kind: Value, help: &'static str) -> Parameter {
    Parameter { name, kind, help }
}

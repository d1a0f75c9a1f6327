//! Why a file cannot be streamed as it is.

/// What is wrong, and whose fault it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The file contradicts itself or ends too early.
    #[error("the file is damaged: {0}")]
    Damaged(&'static str),
    /// A file that is in order, but that has to be encoded anew before it can be streamed.
    #[error("the file cannot be streamed as it is: {0}")]
    Unsupported(&'static str),
    /// More than this room reads.
    #[error("the file has too much of one thing: {0}")]
    TooLarge(&'static str),
}

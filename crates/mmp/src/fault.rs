//! What can be wrong with what a peer sent, by what it should do about it.
//!
//! `Display` is the description for people (what failed, where), [`Fault::code`] is stable and for
//! programs, [`Fault::solution`] says what to do. Texts of the peer were cut and escaped by
//! [`crate::outside::echo`] before they came into a fault.

/// A frame, a request or an answer that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The first bytes are those of another protocol.
    #[error("the peer speaks {protocol}, not MMP")]
    OtherProtocol {
        /// Its name.
        protocol: &'static str,
    },
    /// The peer needs longer than [`crate::limits`] allows.
    #[error("the peer is too slow: {phase}")]
    TooSlow {
        /// What was waited for.
        phase: &'static str,
    },
    /// The JSON's bytes are not UTF-8, not JSON, or nested too deeply.
    #[error("the frame's JSON can't be read: {why}")]
    Json {
        /// The parser's word.
        why: String,
    },
    /// The JSON is an array, a number, ...
    #[error("the frame's JSON is {found}, not an object")]
    NotAnObject {
        /// What it is.
        found: &'static str,
    },
    /// The media type is not UTF-8 or not a safe file ending.
    #[error("the media type \"{sent}\" is not the name of a file format")]
    MediaType {
        /// As sent.
        sent: String,
    },
    /// A part of a frame doesn't fit into its size field.
    #[error("the frame's {part} has {size} bytes, at most {limit} are possible")]
    TooLarge {
        /// `JSON`, `media type` or `payload`.
        part: &'static str,
        /// Its bytes.
        size: u64,
        /// The bytes that the size field can say.
        limit: u64,
    },
    /// None of the members that name an operation is there.
    #[error("the request names no operation")]
    MissingOperation,
    /// The operation isn't one of ours under any of its names.
    #[error("the operation \"{sent}\" is unknown")]
    UnknownOperation {
        /// As sent.
        sent: String,
    },
    /// FFmpeg arguments in a request.
    #[error("the member \"{member}\" carries FFmpeg arguments, which are never accepted")]
    RawArguments {
        /// The member.
        member: String,
    },
    /// A value that the operation's parameter can't have.
    #[error("the member \"{member}\" has the value \"{sent}\", which is not {allowed}")]
    InvalidParameter {
        /// The member as the client spells it.
        member: String,
        /// The value.
        sent: String,
        /// What would be right.
        allowed: &'static str,
    },
    /// A member without which the request means nothing.
    #[error("the member \"{member}\" is missing: {meaning}")]
    MissingMember {
        /// The member.
        member: &'static str,
        /// What it would say.
        meaning: &'static str,
    },
    /// A member of the protocol itself (ids, keys, digests, offsets) that is malformed.
    #[error("the member \"{member}\" has the value \"{sent}\", which is not {allowed}")]
    InvalidMember {
        /// The member.
        member: &'static str,
        /// The value.
        sent: String,
        /// What would be right.
        allowed: &'static str,
    },
    /// A job without a file.
    #[error("the request names an operation but brings no file")]
    MissingPayload,
    /// Offset, length and payload size contradict each other.
    #[error("a payload of {payload} bytes at offset {offset} doesn't end at length {length}")]
    Length {
        /// Where the payload begins.
        offset: u64,
        /// The payload's bytes.
        payload: u64,
        /// The whole file's bytes.
        length: u64,
    },
    /// A server's answer that is none (client's side).
    #[error("the server's answer can't be understood, \"{lacks}\" is missing or unknown")]
    Answer {
        /// The member.
        lacks: &'static str,
    },
}

impl Fault {
    /// The stable code that goes onto the wire as `code` and `error_code`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::OtherProtocol { .. } => "other_protocol",
            Self::TooSlow { .. } => "too_slow",
            Self::Json { .. } | Self::NotAnObject { .. } => "invalid_json",
            Self::MediaType { .. } => "invalid_media_type",
            Self::TooLarge { .. } => "frame_too_large",
            Self::MissingOperation => "missing_operation",
            Self::UnknownOperation { .. } => "unknown_operation",
            Self::RawArguments { .. } => "raw_arguments_refused",
            Self::InvalidParameter { .. } => "invalid_parameter",
            Self::MissingMember { .. } => "missing_member",
            Self::InvalidMember { .. } => "invalid_member",
            Self::MissingPayload => "missing_payload",
            Self::Length { .. } => "length_mismatch",
            Self::Answer { .. } => "invalid_answer",
        }
    }

    /// What the person or program on the other side can do about it.
    #[must_use]
    pub fn solution(&self) -> &'static str {
        match self {
            Self::OtherProtocol { .. } => {
                "Use an MMP client for this port; web browsers have a port of their own."
            }
            Self::TooSlow { .. } => {
                "Try again over a faster connection; an upload with an idempotency_key can be resumed."
            }
            Self::Json { .. } | Self::NotAnObject { .. } => {
                "Send one UTF-8 JSON object, and its exact size in bytes in the header."
            }
            Self::MediaType { .. } => "Name the format by its file ending, for example mp4.",
            Self::TooLarge { .. } => {
                "Send fewer or shorter members, a shorter media type or a smaller file."
            }
            Self::MissingOperation | Self::UnknownOperation { .. } => {
                "Set \"operation\" to one of compress, resize, aspect, audio, gif, webm, convert."
            }
            Self::RawArguments { .. } => {
                "Leave it out and use the operation's own parameters: each is a value that the server checks."
            }
            Self::InvalidParameter { .. } | Self::InvalidMember { .. } => {
                "Correct the member and send the request again."
            }
            Self::MissingMember { .. } => "Add the member and send the request again.",
            Self::MissingPayload => {
                "Send the file as the frame's payload, with its media type and its size in the header."
            }
            Self::Length { .. } => {
                "Set length to the whole file's size and the payload size to length minus offset."
            }
            Self::Answer { .. } => {
                "Check that the address belongs to an MMP server, and that its version fits this client."
            }
        }
    }

    /// Whether the stream can't be used any more. After any other fault of a frame the receiving
    /// half goes on with the frame's payload, see [`crate::connection`].
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::OtherProtocol { .. } | Self::TooSlow { .. })
    }
}

//! The frame (MMP §1): eight bytes of sizes, then JSON, media type and payload.
//!
//! [`Header`] is the sizes, [`Head`] is everything before the payload. The payload itself never
//! comes into this crate.

use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::limits::{HEADER, MAX_JSON, MAX_MEDIA_TYPE, MAX_PAYLOAD};
use crate::outside::echo;

/// The fixed part of a frame: three sizes in bytes, big-endian on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Bytes of JSON.
    pub json_len: u16,
    /// Bytes of media type.
    pub media_type_len: u8,
    /// Bytes of payload, at most [`MAX_PAYLOAD`].
    pub payload_len: u64,
}

impl Header {
    /// Reads the sizes. Every pattern of eight bytes is a header, so this can't fail.
    #[must_use]
    pub fn decode(bytes: &[u8; HEADER]) -> Self {
        let [j0, j1, m, p0, p1, p2, p3, p4] = *bytes;
        Self {
            json_len: u16::from_be_bytes([j0, j1]),
            media_type_len: m,
            payload_len: u64::from_be_bytes([0, 0, 0, p0, p1, p2, p3, p4]),
        }
    }

    /// Writes the sizes. Of `payload_len` the lower five bytes are written; [`Head::encode`] checks it.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER] {
        let [j0, j1] = self.json_len.to_be_bytes();
        let [_, _, _, p0, p1, p2, p3, p4] = self.payload_len.to_be_bytes();
        [j0, j1, self.media_type_len, p0, p1, p2, p3, p4]
    }

    /// Bytes between the header and the payload.
    #[must_use]
    pub fn head_len(&self) -> usize {
        usize::from(self.json_len) + usize::from(self.media_type_len)
    }
}

/// A frame without its payload.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Head {
    /// The arguments. An absent JSON (size 0) is an empty object; of a member that comes twice the
    /// last one counts, as in most JSON readers.
    pub json: Map<String, Value>,
    /// As on the wire, in the peer's own style; see [`crate::media_type`]. Empty: there is none.
    pub media_type: String,
    /// Bytes of payload that follow.
    pub payload_len: u64,
}

impl Head {
    /// A frame with JSON only.
    #[must_use]
    pub fn new(json: Map<String, Value>) -> Self {
        Self {
            json,
            ..Self::default()
        }
    }

    /// The same frame, announcing `payload_len` bytes of a file of that media type.
    #[must_use]
    pub fn with_payload(mut self, media_type: impl Into<String>, payload_len: u64) -> Self {
        self.media_type = media_type.into();
        self.payload_len = payload_len;
        self
    }

    /// Header, JSON and media type as bytes for one write; the payload follows.
    ///
    /// # Errors
    /// [`Fault::TooLarge`] if a part doesn't fit into its size field.
    pub fn encode(&self) -> Result<Vec<u8>, Fault> {
        let json = Value::Object(self.json.clone()).to_string();
        let header = Header {
            json_len: fitting("JSON", json.len(), MAX_JSON)?,
            media_type_len: fitting("media type", self.media_type.len(), MAX_MEDIA_TYPE)?,
            payload_len: self.payload_len,
        };
        if self.payload_len > MAX_PAYLOAD {
            return Err(Fault::TooLarge {
                part: "payload",
                size: self.payload_len,
                limit: MAX_PAYLOAD,
            });
        }
        let mut bytes = Vec::with_capacity(HEADER + header.head_len());
        bytes.extend_from_slice(&header.encode());
        bytes.extend_from_slice(json.as_bytes());
        bytes.extend_from_slice(self.media_type.as_bytes());
        Ok(bytes)
    }

    /// Reads the bytes between header and payload, exactly `header.head_len()` of them.
    pub(crate) fn decode(header: Header, bytes: &[u8]) -> Result<Self, Fault> {
        let (json, media_type) = bytes.split_at(usize::from(header.json_len).min(bytes.len()));
        Ok(Self {
            json: object(json)?,
            media_type: text(media_type)?,
            payload_len: header.payload_len,
        })
    }
}

/// The size as its field's type, or what is too large.
fn fitting<N: TryFrom<usize>>(part: &'static str, size: usize, limit: usize) -> Result<N, Fault> {
    let too_large = || Fault::TooLarge {
        part,
        size: size as u64,
        limit: limit as u64,
    };
    N::try_from(size).map_err(|_| too_large())
}

fn object(bytes: &[u8]) -> Result<Map<String, Value>, Fault> {
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    // The parser itself refuses what is nested more than 128 deep, so the stack is bounded as well.
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(other) => Err(Fault::NotAnObject {
            found: kind(&other),
        }),
        Err(why) => Err(Fault::Json {
            why: echo(&why.to_string()),
        }),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn text(bytes: &[u8]) -> Result<String, Fault> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(Fault::MediaType {
            sent: echo(&String::from_utf8_lossy(bytes)),
        }),
    }
}

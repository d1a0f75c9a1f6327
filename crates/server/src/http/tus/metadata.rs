//! `Upload-Metadata`: pairs of a word and a Base64 value, separated by commas.

use super::METADATA;
use crate::http::problem::Refusal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::HeaderValue;
use serde_json::{Map, Value};

/// What is understood of it; other words are the client's own.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Metadata {
    /// `filename`, or `name` as some clients say.
    pub(super) file_name: Option<String>,
    /// `operation`.
    pub(super) operation: Option<String>,
    /// `options`, a JSON object.
    pub(super) options: Map<String, Value>,
}

impl Metadata {
    /// Reads the field, which may be missing.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let Some(field) = headers.get(METADATA) else {
            return Ok(Self::default());
        };
        field.to_str().ok().and_then(read).ok_or_else(|| {
            Refusal::bad_request("Upload-Metadata is not pairs of a word and a Base64 value")
        })
    }
}

fn read(field: &str) -> Option<Metadata> {
    let mut metadata = Metadata::default();
    for pair in field
        .split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
    {
        let (word, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let value = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
        match word {
            "filename" => metadata.file_name = Some(value),
            "name" if metadata.file_name.is_none() => metadata.file_name = Some(value),
            "operation" => metadata.operation = Some(value).filter(|value| !value.is_empty()),
            "options" => metadata.options = serde_json::from_str(&value).ok()?,
            _ => {}
        }
    }
    Some(metadata)
}

/// The field for a file's name.
pub(super) fn written(file_name: &str) -> HeaderValue {
    let field = format!("filename {}", STANDARD.encode(file_name));
    HeaderValue::try_from(field).expect("Base64 has letters, digits and few signs")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pair(word: &str, value: &str) -> String {
        format!("{word} {}", STANDARD.encode(value))
    }

    #[test]
    fn words_are_read_and_others_passed_over() {
        let field = [
            pair("filename", "a b.mp4"),
            pair("operation", "resize"),
            pair("options", r#"{"size": "720p"}"#),
            "is_confidential".to_owned(),
            pair("filetype", "video/mp4"),
        ]
        .join(",");
        let read = read(&field).unwrap();
        assert_eq!(read.file_name.as_deref(), Some("a b.mp4"));
        assert_eq!(read.operation.as_deref(), Some("resize"));
        assert_eq!(json!(read.options), json!({"size": "720p"}));
    }

    #[test]
    fn what_cannot_be_read_is_nothing() {
        assert_eq!(read("filename ???"), None);
        assert_eq!(read(&pair("options", "[1]")), None);
        assert_eq!(read("filename /w=="), None, "no UTF-8");
        assert_eq!(read(""), Some(Metadata::default()));
        assert_eq!(read(&pair("operation", "")), Some(Metadata::default()));
    }
}

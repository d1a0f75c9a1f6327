//! What a client ordered, in the form in which it is stored.

use kinora_media::operation::Operation;
use kinora_store::contract::Problem;
use serde::{Deserialize, Serialize};

/// One order. Stored as JSON in the job's row; a field that is added later needs a default.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// What to do.
    #[serde(flatten)]
    pub operation: Operation,
    /// The file's ending as the client named it, without a dot: a hint for what the original is called when it comes
    /// back, never for what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// What the door needs to answer in the client's own way; opaque here.
    #[serde(default)]
    pub door: serde_json::Value,
}

impl Order {
    /// The written form.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("an order is plain data with string keys")
    }

    /// Reads the written form.
    ///
    /// # Errors
    /// `order_unreadable`: a newer version wrote it, or the store is damaged.
    pub fn from_json(text: &str) -> Result<Self, Problem> {
        serde_json::from_str(text).map_err(|error| Problem {
            code: "order_unreadable".into(),
            description: format!("the stored order cannot be read: {error}"),
            solution: "send the job again; if it was stored by a newer version, run that one"
                .into(),
        })
    }
}

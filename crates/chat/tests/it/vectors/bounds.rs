//! Bounds that both engines have to share.

use super::check_vectors;
use kinora_chat::limits as at;
use serde_json::json;

#[test]
fn vectors_of_bounds() {
    check_vectors(
        "limits",
        &json!({
            "SAFETY_ROUNDS": at::SAFETY_ROUNDS,
            "TEXT_BYTES_MAX": at::TEXT_BYTES_MAX,
            "RECEIPTS_MAX": at::RECEIPTS_MAX,
            "TITLE_ID_MAX": at::TITLE_ID_MAX,
            "CARD_TITLE_MAX": at::CARD_TITLE_MAX,
            "PADDED_MIN": at::PADDED_MIN,
            "PADDED_MAX": at::PADDED_MAX,
            "HANDED_CONTACTS_MAX": at::HANDED_CONTACTS_MAX,
            "HANDED_MIN": at::HANDED_MIN,
            "ANSWER_CHARS_MAX": at::ANSWER_CHARS_MAX,
            "CHUNK_BYTES": at::CHUNK_BYTES,
            "FILE_BYTES_MAX": at::FILE_BYTES_MAX,
            "FILE_NAME_MAX": at::FILE_NAME_MAX,
            "MEDIA_TYPE_MAX": at::MEDIA_TYPE_MAX,
            "MLS_BYTES_MAX": at::MLS_BYTES_MAX,
            "GROUP_MEMBERS_MAX": at::GROUP_MEMBERS_MAX,
            "PACKAGES_MAX": at::PACKAGES_MAX,
            "PACKAGE_LIFETIME_S": at::PACKAGE_LIFETIME_S,
            "PACKAGE_EARLY_S": at::PACKAGE_EARLY_S,
            "PAST_EPOCHS": at::PAST_EPOCHS,
            "REORDER_MAX": at::REORDER_MAX,
            "FORWARD_MAX": at::FORWARD_MAX,
            "UPDATE_EVERY_S": at::UPDATE_EVERY_S,
            "UPDATE_EVERY_MESSAGES": at::UPDATE_EVERY_MESSAGES,
            "IDLE_S": at::IDLE_S,
            "GAPS_MAX": at::GAPS_MAX,
            "RECEIPTS_EVERY_MS": at::RECEIPTS_EVERY_MS,
            "RECEIPTS_DELAY_MS": at::RECEIPTS_DELAY_MS,
            "SIGNALS_EVERY_MS": at::SIGNALS_EVERY_MS,
            "SIGNAL_SHOWN_MS": at::SIGNAL_SHOWN_MS,
        }),
    );
}

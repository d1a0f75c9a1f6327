//! Playlists of HLS as text (RFC 8216, and its successor's draft, here RFC 8216bis).

pub mod media;
pub mod staged;
pub mod text;
pub mod multivariant;

/// What `EXT-X-MAP` outside of I-frame playlists asks for, and nothing here asks for more (RFC 8216, 7).
const VERSION: u32 = 6;

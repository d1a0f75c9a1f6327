//! Media playlists of subtitles: one segment of WebVTT for the whole title, or one for each of its parts.
//!
//! Segments of subtitles may be as long as they like, also where those of the picture are short, as long as the list
//! never changes (RFC 8216bis, 6.2.4); and a whole film's are smaller than a second of its picture.

use std::fmt::Write;

use crate::rate::target_duration;
use crate::uri::Uri;

/// What fractions of a second in `EXTINF` ask for (RFC 8216, 7); there is no initialisation section.
const VERSION: u32 = 3;

/// The playlist of these segments, each with its length in milliseconds; with a discontinuity between two, as the
/// picture has it.
pub fn segments(parts: &[(Uri, u64)]) -> String {
    let durations = parts.iter().map(|(_, duration_ms)| (*duration_ms, 1000));
    let target = target_duration(durations);
    // 4.4.3.1, 4.4.3.5.
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:{VERSION}\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-PLAYLIST-TYPE:VOD\n"
    );
    for (place, (uri, duration_ms)) in parts.iter().enumerate() {
        if place > 0 {
            // 4.4.4.3: where the renditions beside it have one.
            text.push_str("#EXT-X-DISCONTINUITY\n");
        }
        let _ = write!(
            text,
            "#EXTINF:{}.{:03},\n{}\n",
            duration_ms / 1000,
            duration_ms % 1000,
            uri.as_str()
        );
    }
    // 4.4.3.4.
    text.push_str("#EXT-X-ENDLIST\n");
    text
}

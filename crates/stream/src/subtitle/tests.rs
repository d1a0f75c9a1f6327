use super::*;
use proptest::prelude::*;

fn check(given: &str, expected: &str) {
    let read = Subtitles::read(given.as_bytes()).unwrap();
    let text = read.webvtt();
    let (head, cues) = text.split_once("\n\n").unwrap();
    assert_eq!(head, "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0");
    assert_eq!(cues, expected);
}

#[test]
fn subrip_becomes_webvtt() {
    check(
        "\u{feff}1\r\n00:00:01,000 --> 00:00:02,500\r\nOne\r\n  two \r\n\r\n2\r\n0:01:00,5 --> 00:01:01,000 X1:0 Y1:9\r\nThree\r\n",
        "00:00:01.000 --> 00:00:02.500\nOne\ntwo\n\n00:01:00.500 --> 00:01:01.000\nThree\n",
    );
}

#[test]
fn a_missing_empty_line_joins_nothing() {
    check(
        "1\n00:00:01,000 --> 00:00:02,000\nOne\n2\n00:00:03,000 --> 00:00:04,000\nTwo\n",
        "00:00:01.000 --> 00:00:02.000\nOne\n\n00:00:03.000 --> 00:00:04.000\nTwo\n",
    );
}

#[test]
fn webvtt_keeps_its_places_and_loses_its_styles() {
    check(
        "WEBVTT a title\n\nSTYLE\n::cue { background: url(http://evil.example/) }\n\nNOTE no cue\n\nid\n01:00.000 --> 01:02.000 line:0 position:12.5%,line-left region:r align:start;x\n<v Ann>Hello <c.red>you</c></v>\n",
        "00:01:00.000 --> 00:01:02.000 line:0 position:12.5%,line-left\nHello you\n",
    );
}

#[test]
fn markup_is_bold_italic_underline_or_text() {
    let text = |line: &str, expected: &str| {
        let given = format!("00:00.000 --> 00:01.000\n{line}\n");
        check(
            &given,
            &format!("00:00:00.000 --> 00:00:01.000\n{expected}\n"),
        );
    };
    text("<I>a</I> <b class=\"x\">b</b>", "<i>a</i> <b>b</b>");
    text("<script>alert(1)</script>", "alert(1)");
    text("<img src=x onerror=y>pic", "pic");
    text("{\\an8}{\\pos(1,2)}up {not}", "up {not}");
    text("a < b & c > d", "a &lt; b &amp; c &gt; d");
    text("I <3 you", "I &lt;3 you");
    text("R&amp;D &bogus; &lt;i&gt;", "R&amp;D &amp;bogus; &lt;i&gt;");
    text("a\u{7}b\u{0}c", "abc");
    text("never <i", "never &lt;i");
    text("a --> b", "a --&gt; b");
}

#[test]
fn other_encodings_are_read() {
    let windows = b"00:00.000 --> 00:01.000\n\x93Gr\xfc\xdfe\x94 \x80\n";
    let read = Subtitles::read(windows).unwrap();
    assert!(read.webvtt().ends_with("\n“Grüße” €\n"));
    let wide: Vec<u8> = "\u{feff}00:00.000 --> 00:01.000\n映画\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert!(
        Subtitles::read(&wide)
            .unwrap()
            .webvtt()
            .ends_with("\n映画\n")
    );
}

#[test]
fn what_makes_no_sense_is_left_out_and_the_rest_is_sorted() {
    check(
        "00:05.000 --> 00:06.000\nlater\n\n00:04.000 --> 00:03.000\nbackwards\n\n00:02.000 --> 00:03.000\n<x>\n\n00:01.000 --> 00:02.000\nfirst\n\n00:99.000 --> 01:00.000\nno time\n",
        "00:00:01.000 --> 00:00:02.000\nfirst\n\n00:00:05.000 --> 00:00:06.000\nlater\n",
    );
    for nothing in ["", "WEBVTT\n\n", "plain words", "-->", "00:00 --> 00:01\nx"] {
        let refused = Subtitles::read(nothing.as_bytes());
        assert_eq!(refused, Err(Fault::Damaged("it has no subtitles")));
    }
}

#[test]
fn there_is_an_end_to_everything() {
    let cue = "00:00.000 --> 00:01.000\nx\n\n";
    let refused = Subtitles::read(cue.repeat(limits::CUES + 1).as_bytes());
    assert_eq!(refused, Err(Fault::TooLarge("cues")));
    let refused = Subtitles::read(&vec![b'x'; limits::SUBTITLE_BYTES + 1]);
    assert_eq!(refused, Err(Fault::TooLarge("bytes of subtitles")));
    let long = format!(
        "00:00.000 --> 00:01.000\n{}\n",
        "x".repeat(limits::CUE_LETTERS * 2)
    );
    let read = Subtitles::read(long.as_bytes()).unwrap();
    assert_eq!(read.cues()[0].text.len(), limits::CUE_LETTERS);
    // What takes more letters when it is written is not cut once more, and never within an entity.
    let long = format!(
        "00:00.000 --> 00:01.000\n<i>{}\n",
        "&".repeat(limits::CUE_LETTERS)
    );
    let read = Subtitles::read(long.as_bytes()).unwrap();
    assert!(read.cues()[0].text.ends_with("&amp;"));
    assert_eq!(Subtitles::read(read.webvtt().as_bytes()), Ok(read));
}

#[test]
fn a_part_has_what_is_shown_in_it_and_says_where_it_belongs() {
    let given =
        "00:01.000 --> 00:03.000\na\n\n00:03.000 --> 00:05.000\nb\n\n00:09.000 --> 00:10.000\nc\n";
    let read = Subtitles::read(given.as_bytes()).unwrap();
    let part = read.part(4000, 9000);
    assert_eq!(
        part,
        "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:04.000,MPEGTS:360000\n\n00:00:03.000 --> 00:00:05.000\nb\n"
    );
}

proptest! {
    #[test]
    fn whatever_comes_what_goes_out_is_read_the_same(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(read) = Subtitles::read(&bytes) {
            let again = Subtitles::read(read.webvtt().as_bytes());
            prop_assert_eq!(again, Ok(read));
        }
    }

    #[test]
    fn text_stays_text(body in "[<>&;a-z/ {}\\\\\n-]{0,60}", begin in 0u64..99_000) {
        let given = format!("{} --> 99:59:59.000\nx{body}\n", clock(begin));
        let read = Subtitles::read(given.as_bytes()).unwrap();
        let text = read.webvtt();
        // Every line with an arrow is one of ours.
        prop_assert_eq!(text.matches("-->").count(), read.cues().len());
        for tag in text.split('<').skip(1) {
            prop_assert!(markup_of(tag), "{}", text);
        }
        prop_assert_eq!(Subtitles::read(text.as_bytes()), Ok(read));
    }
}

fn markup_of(rest: &str) -> bool {
    ["b>", "i>", "u>", "/b>", "/i>", "/u>"]
        .iter()
        .any(|tag| rest.starts_with(tag))
}

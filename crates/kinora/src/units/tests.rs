use super::*;

#[test]
fn sizes() {
    let cases = [
        ("0", 0),
        ("1234", 1234),
        ("25MB", 25_000_000),
        ("25 mb", 25_000_000),
        ("1.5 GB", 1_500_000_000),
        ("2 GiB", 2 << 30),
        ("4 TB", 4_000_000_000_000),
        ("800k", 800_000),
        ("0.000000001 TB", 1_000),
    ];
    for (text, bytes) in cases {
        assert_eq!(size(text), Ok(bytes), "{text}");
    }
    for text in [
        "",
        "MB",
        "-1",
        "1,5 GB",
        "1.5.5",
        "5 parsecs",
        "1.",
        ".5",
        "1e3",
        "9999999999 TB",
        "1 MB 2",
    ] {
        assert!(size(text).is_err(), "{text}");
    }
}

#[test]
fn bit_rates() {
    for (text, bits) in [
        ("192k", 192_000),
        ("1.5M", 1_500_000),
        ("128000", 128_000),
        ("96 kbps", 96_000),
    ] {
        assert_eq!(bit_rate(text), Ok(bits), "{text}");
    }
    for text in ["", "k", "fast", "1 MiB", "192k 2"] {
        assert!(bit_rate(text).is_err(), "{text}");
    }
}

#[test]
fn spans() {
    let cases = [
        ("60", 60_000),
        ("60s", 60_000),
        ("1h30m", 5_400_000),
        ("500ms", 500),
        ("1.5 h", 5_400_000),
        ("2d 1h", 176_400_000),
    ];
    for (text, ms) in cases {
        assert_eq!(span(text), Ok(Duration::from_millis(ms)), "{text}");
    }
    for text in ["", "h", "soon", "-5", "1 year"] {
        assert!(span(text).is_err(), "{text}");
    }
}

#[test]
fn positions() {
    let cases = [
        ("12.5", 12.5),
        ("0", 0.0),
        ("1:30", 90.0),
        ("00:00:10", 10.0),
        ("1:00:00.25", 3600.25),
        ("90", 90.0),
    ];
    for (text, seconds) in cases {
        assert_eq!(position(text), Ok(seconds), "{text}");
    }
    for text in [
        "", ":", "1:60", "-1", "+1", "inf", "1e3", "nan", "1:2:3:4", "1.5:30",
    ] {
        assert!(position(text).is_err(), "{text}");
    }
}

#[test]
fn shown() {
    assert_eq!(
        [show_size(999), show_size(1_400_000_000)],
        ["999 B", "1.4 GB"]
    );
    assert_eq!([show_seconds(5), show_seconds(3723)], ["0:05", "1:02:03"]);
}

use super::*;

fn check(tool: Tool, sound: &str, label: &str, words: &str) {
    let mut clip = Clip::default();
    clip.streams.sounds = vec![sound.to_owned()];
    assert_eq!(tool.label(), label);
    assert_eq!(tool.words(&clip).join(" "), words);
}

#[test]
fn each_contestant_is_called_in_its_own_words() {
    check(
        Tool::Ours(Family::Av1),
        "aac",
        "kinora-av1",
        "compress --local --report=json --for modern",
    );
    check(
        Tool::AbAv1(Family::H264, Scale::Own),
        "aac",
        "ab-av1-h264",
        "crf-search -e libx264 --preset medium --min-vmaf 95 --cache false --stdout-format json --vmaf-scale none",
    );
    check(
        Tool::AbAv1(Family::Av1, Scale::Default),
        "aac",
        "ab-av1-av1-1080p",
        "crf-search -e libsvtav1 --preset 8 --min-vmaf 95 --cache false --stdout-format json",
    );
    check(
        Tool::Plain(Family::H264, 23),
        "pcm_s16le",
        "ffmpeg-h264-crf23",
        "-c:v libx264 -preset medium -pix_fmt yuv420p -crf 23 -c:a aac",
    );
    check(
        Tool::Plain(Family::Av1, 35),
        "vorbis",
        "ffmpeg-av1-crf35",
        "-c:v libsvtav1 -preset 8 -pix_fmt yuv420p10le -crf 35 -c:a copy",
    );
    check(
        Tool::HandBrake(Family::H264),
        "aac",
        "handbrake-h264",
        "-Z Fast 1080p30 --crop-mode none",
    );
}

#[test]
fn the_search_of_ab_av1_is_read() {
    let trial = r#"{"crf":28.0,"from_cache":false,"type":"sample-encode-done","vmaf":92.0}"#;
    let end = r#"{"crf":26.80000114440918,"type":"crf-search-done","vmaf":95.1}"#;
    let found = read_ab_av1(&format!("{trial}\n{trial}\n{end}\n"));
    assert_eq!(found.probes, 2);
    let words = ab_av1_encode(Family::H264, found.crf.unwrap());
    assert_eq!(
        words.join(" "),
        "encode -e libx264 --preset medium --crf 26.80"
    );
    let nothing = Search {
        crf: None,
        probes: 1,
    };
    assert_eq!(read_ab_av1(&format!("{trial}\nnonsense")), nothing);
}

#[test]
fn our_report_is_found_wherever_it_stands() {
    let report = r#"{"version": 1, "status": "kept_original", "effort": {"probes": 2}}"#;
    for output in [
        report.to_owned(),
        format!("{{\"event\": \"queued\"}}\n{{\"report\": {report}}}"),
    ] {
        let report = read_ours(&output).unwrap();
        assert!(is_kept(&report));
        assert_eq!(report.effort.probes, 2);
    }
    assert_eq!(read_ours("{\"event\": \"queued\"}\nnonsense"), None);
}

//! Sound stays in step: a flash and a beep at the same moment are still at the same moment afterwards.

use crate::media::{clip, run};
use serde_json::json;
use std::path::PathBuf;

/// A tenth of a second of white and of noise at 2.0 s, in four seconds of black and silence.
fn flash_and_beep() -> PathBuf {
    let picture = "color=black:size=320x180:rate=25:duration=4,drawbox=color=white:t=fill:enable='between(t,2,2.38)'";
    let sound = "aevalsrc='if(between(t,2,2.4),sin(6000*t),0)':duration=4:sample_rate=48000";
    clip(
        "flash.mp4",
        &[
            "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, "-c:v", "libx264",
            "-pix_fmt", "yuv420p", "-crf", "10", "-c:a", "aac",
        ],
    )
}

fn number_after(text: &str, mark: &str) -> f64 {
    let at = text
        .split(mark)
        .nth(1)
        .unwrap_or_else(|| panic!("no {mark} in {text}"));
    let digits: String = at
        .trim_start()
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    digits.parse().unwrap()
}

#[test]
fn flash_and_beep_stay_together() {
    let cases = [
        ("compress", json!({"quality": 20})),
        ("resize", json!({"height": 90})),
        ("aspect", json!({"ratio": "1:1"})),
        ("aspect", json!({"ratio": "4:3", "fit": "flag"})),
        ("webm", json!({"start": 1, "duration": 2.5})),
        ("convert", json!({"format": "mkv"})),
        ("convert", json!({"format": "webm"})),
        ("convert", json!({"format": "avi"})),
        ("convert", json!({"format": "mpegts"})),
    ];
    for (operation, parameters) in cases {
        let done = run(&flash_and_beep(), operation, parameters.clone());
        let seen = done.measure(&[
            "-vf",
            "blackdetect=d=0.1:pix_th=0.2",
            "-af",
            "silencedetect=n=-30dB:d=0.1",
        ]);
        let (flash, beep) = (
            number_after(&seen, "black_end:"),
            number_after(&seen, "silence_end:"),
        );
        assert!(
            (flash - beep).abs() < 0.06,
            "{operation} {parameters}: flash {flash}, beep {beep}"
        );
    }
}

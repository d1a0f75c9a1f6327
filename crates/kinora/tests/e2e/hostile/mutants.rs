//! Damaged files by the hundred: each container, bits flipped, cut short, pieces moved. All of them end, and the server
//! is well. `KINORA_MUTANTS` makes more of them, `KINORA_SEED` others.

use super::Den;
use super::files::{clip_of, made};
use crate::wire::Peer;
use serde_json::{Value, json};

/// Containers with codecs that they are usual with.
const KINDS: &[(&str, &str, &str)] = &[
    ("mp4", "libx264", "aac"),
    ("mov", "mpeg4", "pcm_s16le"),
    ("mkv", "libx265", "flac"),
    ("webm", "libvpx-vp9", "libopus"),
    ("ts", "mpeg2video", "mp2"),
    ("mpg", "mpeg1video", "mp2"),
    ("avi", "mpeg4", "libmp3lame"),
    ("flv", "flv", "libmp3lame"),
    ("ogv", "libtheora", "libvorbis"),
    ("gif", "gif", ""),
];

/// Numbers that look random and are the same in each run (xorshift, Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most.max(1) as u64) as usize
    }
}

fn mutant(dice: &mut Dice, whole: &[u8]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    match dice.below(5) {
        // Single bits, most of them where the structure is.
        0 | 1 => {
            for _ in 0..=dice.below(40) {
                let reach = if dice.below(2) == 0 {
                    1024
                } else {
                    bytes.len()
                };
                let at = dice.below(reach.min(bytes.len()));
                bytes[at] ^= 1 << dice.below(8);
            }
        }
        2 => bytes.truncate(dice.below(whole.len())),
        // Numbers at their limits.
        3 => {
            for _ in 0..=dice.below(6) {
                let at = dice.below(bytes.len() - 4);
                let extreme = [[0xff; 4], [0; 4], [0x7f, 0xff, 0xff, 0xff], [0x80, 0, 0, 0]];
                bytes[at..at + 4].copy_from_slice(&extreme[dice.below(4)]);
            }
        }
        // A piece in another place.
        _ => {
            let length = dice.below(bytes.len() / 4);
            let (from, to) = (
                dice.below(bytes.len() - length),
                dice.below(bytes.len() - length),
            );
            bytes.copy_within(from..from + length, to);
        }
    }
    bytes
}

fn number(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Sends one and waits for its end; the codes of those that failed.
fn fate(peer: &mut Peer, bytes: &[u8]) -> Option<String> {
    let order = json!({"action": "upload", "operation": "resize", "width": 32, "height": 32, "fit": "stretch", "wait": false});
    let accepted = peer.ask(order, "bin", bytes);
    let task = accepted
        .json
        .get("task_id")
        .and_then(Value::as_str)?
        .to_owned();
    let answer = peer.wait_for(&task);
    if answer.text("status") == "completed" {
        for action in ["download", "confirm"] {
            peer.ask(
                json!({"action": action, "task_id": task, "ext": ["job"]}),
                "",
                b"",
            );
        }
        return None;
    }
    Some(answer.text("code").to_owned())
}

#[test]
fn damaged_files_end() {
    let den = Den::new(&["--set", "jobs.max_duration=30s"]);
    let seed = number("KINORA_SEED", 20_260_101);
    let each = number("KINORA_MUTANTS", 200) / KINDS.len() as u64;
    let mut peer = den.server.connect();
    let (mut served, mut refused) = (0, 0);
    for (ending, video, audio) in KINDS {
        let mut arguments = clip_of(video, audio);
        if audio.is_empty() {
            arguments.truncate(4);
        }
        arguments.extend(["-t", "0.4"]);
        let whole = made(ending, &arguments);
        for n in 0..each {
            let mut dice =
                Dice(seed ^ (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ whole.len() as u64);
            let bytes = mutant(&mut dice, &whole);
            match fate(&mut peer, &bytes) {
                None => served += 1,
                Some(code) => {
                    refused += 1;
                    let is_ours =
                        matches!(code.as_str(), "machine_fault" | "gave_up" | "disk_full");
                    assert!(!is_ours, "{ending}, seed {seed}, number {n}: {code}");
                }
            }
        }
    }
    den.is_well("mutants");
    println!("{served} served, {refused} refused");
    assert!(
        served > 0 && refused > 0,
        "{served} served, {refused} refused"
    );
}

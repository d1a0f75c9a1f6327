//! Segments put together again: FFmpeg decodes the same frames at the same times as from the file they were cut from.

use kinora_stream::cut::{self, Targets};
use kinora_stream::index::Track;

use crate::source::{Source, has_ffmpeg};

const VIDEO: &str =
    "-f lavfi -i testsrc2=size=320x180:rate=30:duration=7 -c:v libx264 -preset veryfast";
const BOTH: &str = "-f lavfi -i testsrc2=size=320x180:rate=30:duration=7 -f lavfi -i sine=duration=7:sample_rate=48000 \
    -c:v libx264 -preset veryfast -c:a aac";

/// When a frame is shown, how long, its bytes and its hash.
type Frame = (i64, i64, u64, String);

/// All decoded frames of a stream.
fn frames(source: &Source, input: &str, stream: usize) -> Vec<Frame> {
    let text = source.ffmpeg(&format!(
        "-copyts -i {input} -map 0:{stream} -fps_mode passthrough -f framemd5 -"
    ));
    let frame = |line: &str| {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let number = |at: usize| fields[at].parse::<i64>().unwrap();
        (
            number(2),
            number(3),
            number(4).unsigned_abs(),
            fields[5].to_owned(),
        )
    };
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(frame)
        .collect()
}

/// Without what lies before the beginning, and what is trimmed to it: FFmpeg cuts priming off a plain file and leaves it
/// in fragments, where it has a negative time. Players cut it off in both.
fn heard(mut frames: Vec<Frame>) -> Vec<Frame> {
    let whole = frames[frames.len() / 2].2;
    let begin = frames.iter().find(|frame| frame.0 >= 0 && frame.2 == whole);
    let begin = begin.unwrap().0.max(whole as i64);
    frames.retain(|frame| frame.0 >= begin);
    frames
}

fn from_zero(mut frames: Vec<Frame>) -> Vec<Frame> {
    let begin = frames[0].0;
    frames.iter_mut().for_each(|frame| frame.0 -= begin);
    frames
}

/// The stream of the file with this number, out of segments, frame by frame.
fn check_track(source: &Source, track: &Track, stream: usize, cuts: &[cut::Cut]) {
    let whole = source.joined(track, &track.codec, cuts, &[]);
    source.write("joined.mp4", &whole);
    let name = source.path.to_str().unwrap();
    let mut expected = frames(source, name, stream);
    let mut found = frames(source, "joined.mp4", 0);
    if track.is_video() {
        // FFmpeg reads negative offsets of fragments as later times by the most negative of them.
        (expected, found) = (from_zero(expected), from_zero(found));
    } else {
        (expected, found) = (heard(expected), heard(found));
    }
    assert!(!expected.is_empty());
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected, "{}", track.codec.name);
    }
    assert_eq!(found.len(), expected.len(), "{}", track.codec.name);
}

fn check(name: &str, arguments: &str) {
    if !has_ffmpeg() {
        return;
    }
    let source = Source::made(name, arguments);
    check_all(&source);
}

fn check_all(source: &Source) {
    assert_eq!(source.index.refused, []);
    let mut starts = None;
    for (stream, track) in source.index.tracks.iter().enumerate() {
        let cuts = match (track.is_video(), &starts) {
            (true, _) => cut::video(track, &Targets::default(), &[]).unwrap(),
            (false, None) => cut::audio_alone(track, &Targets::default()).unwrap(),
            (false, Some((starts, timescale))) => {
                let starts: &Vec<u64> = starts;
                cut::audio(track, starts.iter().copied(), *timescale).unwrap()
            }
        };
        assert!(cuts.len() > 1, "{cuts:?}");
        assert_eq!(cuts.iter().map(|cut| cut.count).sum::<u32>(), track.len());
        assert_eq!(cuts.iter().map(|cut| cut.duration).sum::<u64>(), track.end);
        check_track(source, track, stream, &cuts);
        if track.is_video() {
            let begin: Vec<u64> = cuts.iter().map(|cut| cut.start).collect();
            starts = Some((begin, track.timescale));
        }
    }
}

#[test]
fn frames_that_reach_back_and_forth() {
    check("b.mp4", &format!("{VIDEO} -bf 3 -g 60"));
}

#[test]
fn no_frames_that_reach_back() {
    check("p.mp4", &format!("{VIDEO} -bf 0 -g 30"));
}

#[test]
fn open_groups_are_not_cut() {
    if !has_ffmpeg() {
        return;
    }
    let source = Source::made(
        "open.mp4",
        &format!("{VIDEO} -bf 3 -x264-params open-gop=1:keyint=30"),
    );
    let track = source.index.video().unwrap();
    let syncs = track.samples(0).filter(|sample| sample.is_sync).count();
    let cuts = cut::video(track, &Targets::default(), &[]).unwrap();
    assert_eq!((syncs > 1, cuts.len()), (true, 1));
    check_track(&source, track, 0, &cuts);
}

#[test]
fn picture_and_sound() {
    check("both.mp4", &format!("{BOTH} -g 60"));
    check("both.mov", &format!("{BOTH} -g 60"));
}

#[test]
fn several_sound_tracks() {
    check(
        "several.mp4",
        "-f lavfi -i testsrc2=size=160x90:rate=25:duration=5 -f lavfi -i sine=duration=5 -f lavfi -i sine=440:duration=5 \
         -map 0 -map 1 -map 2 -c:v libx264 -g 50 -c:a:0 aac -c:a:1 libopus -ar:a:1 48000 -metadata:s:a:1 language=deu",
    );
}

#[test]
fn a_rate_that_is_not_whole() {
    check(
        "ntsc.mp4",
        "-f lavfi -i testsrc2=size=160x90:rate=60000/1001:duration=7 -c:v libx264 -force_key_frames expr:gte(t,n_forced*2) -g 600",
    );
}

#[test]
fn other_codecs() {
    let input = "-f lavfi -i testsrc2=size=160x90:rate=25:duration=5 -f lavfi -i sine=duration=5:sample_rate=48000";
    check(
        "hevc.mp4",
        &format!(
            "{input} -c:v libx265 -x265-params log-level=none:keyint=50:open-gop=0 -tag:v hvc1 -c:a flac -strict -2"
        ),
    );
    check(
        "vp9.mp4",
        &format!("{input} -c:v libvpx-vp9 -deadline realtime -g 50 -c:a libmp3lame"),
    );
}

#[test]
fn sound_alone() {
    check("alone.m4a", "-f lavfi -i sine=duration=7 -c:a aac");
}

/// What an hour at 30 frames a second with sound takes, from a minute of it.
#[test]
fn an_hour_takes_less_than_a_megabyte() {
    if !has_ffmpeg() {
        return;
    }
    let source = Source::made(
        "minute.mp4",
        "-f lavfi -i testsrc2=size=64x48:rate=30:duration=60 -f lavfi -i anoisesrc=duration=60:sample_rate=48000 \
         -c:v libx264 -preset ultrafast -bf 2 -b_strategy 0 -g 60 -c:a aac -b:a 128k",
    );
    let memory = source.index.memory() * 60;
    let table: u32 = source.index.tracks.iter().map(Track::len).sum();
    println!("{memory} bytes an hour, {} samples", table * 60);
    assert!(memory < 1 << 20, "{memory}");
}

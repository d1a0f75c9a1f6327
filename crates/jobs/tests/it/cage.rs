//! The cage holds: a child that really tries to get out, and media that come out of it as they do without one.

use crate::media::{clip, tools, whole};
use kinora_jobs::sandbox::cage::Duty;
use kinora_jobs::sandbox::escape::{Escapes, attempt, escapes as try_all};
use kinora_jobs::sandbox::process::{self, Control, Heard, Spec};
use kinora_jobs::sandbox::{Cage, Share};
use kinora_media::diagnosis::Ended;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

/// The name of the test below that is run inside.
const INSIDE: &str = "cage::what_is_tried_inside";

/// This same program inside a cage, where it runs one test and no other.
fn escapes(cage: &Cage) -> Escapes {
    let place = tempfile::tempdir().unwrap();
    let program = std::env::current_exe().unwrap();
    let arguments = ["--exact", INSIDE, "--nocapture"].map(OsString::from);
    try_all(cage, &program, &arguments, place.path()).unwrap()
}

#[test]
fn what_is_tried_inside() {
    let arguments: Vec<_> = std::env::args_os().collect();
    let [_, .., input, work] = arguments.as_slice() else {
        return;
    };
    if arguments.iter().any(|argument| argument == INSIDE) && Path::new(input).is_absolute() {
        attempt(input.as_ref(), work.as_ref());
    }
}

#[test]
fn nothing_gets_out() {
    let found = escapes(&whole());
    assert!(found.is_sound(), "{found:?}");
    assert!(found.attempts() >= 40, "{found:?}");
}

#[test]
fn the_attempts_are_real() {
    let found = escapes(&Cage::off());
    for left in ["/tmp/kinora-escaped", "/dev/shm/kinora-escaped"] {
        let _ = std::fs::remove_file(left);
    }
    assert!(found.hindered.is_empty(), "{found:?}");
    // Who is not root, or in a container, is kept from some of it in any case.
    assert!(found.escaped.len() >= 20, "{found:?}");
    for name in [
        "read /etc/passwd",
        "make a UDP socket",
        "run a shell",
        "move a file out",
    ] {
        assert!(
            found.escaped.iter().any(|each| each == name),
            "{name}: {found:?}"
        );
    }
}

/// What an FFmpeg with these arguments says on standard output.
fn run(cage: &Cage, arguments: &[&str], input: Option<&Path>) -> (Ended, Vec<u8>) {
    run_for(Duration::from_secs(300), cage, arguments, input)
}

fn run_for(
    time: Duration,
    cage: &Cage,
    arguments: &[&str],
    input: Option<&Path>,
) -> (Ended, Vec<u8>) {
    let place = tempfile::tempdir().unwrap();
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let share = Share::off();
    let spec = Spec {
        program: &tools().main().path,
        arguments: &arguments,
        directory: place.path(),
        input,
        lent: None,
        output: Some(&place.path().join("out")),
        file_size: None,
        duty: Duty::Work,
        time,
        share: &share,
        cage,
    };
    let mut output = Vec::new();
    let finished = process::run(&spec, &mut |heard| {
        if let Heard::Output(bytes) = heard {
            output.extend_from_slice(bytes);
        }
        Control::Continue
    });
    (finished.unwrap().ended, output)
}

/// The first pictures and sounds of a file, encoded; as bytes.
fn encoded(cage: &Cage, file: &Path) -> (Ended, Vec<u8>) {
    let name = format!("file:{}", file.display());
    let arguments = [
        "-v",
        "error",
        "-nostdin",
        "-threads",
        "1",
        "-t",
        "0.4",
        "-i",
        &name,
        "-map",
        "0:v:0?",
        "-map",
        "0:a:0?",
        "-vf",
        "scale=160:90",
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-threads",
        "1",
        "-c:a",
        "aac",
        "-f",
        "framemd5",
        "-",
    ];
    run(cage, &arguments, Some(file))
}

fn same(files: &[std::path::PathBuf]) {
    let (whole, off) = (whole(), Cage::off());
    for file in files {
        let (inside, outside) = (encoded(&whole, file), encoded(&off, file));
        assert_eq!(inside.0, outside.0, "{}", file.display());
        assert!(inside.1 == outside.1, "{} differs", file.display());
    }
}

#[test]
fn media_are_the_same_inside_and_outside() {
    let source = [
        "-f",
        "lavfi",
        "-i",
        "testsrc2=d=1:s=320x180:r=25",
        "-f",
        "lavfi",
        "-i",
        "sine=d=1",
    ];
    let make = |name, more: &[&str]| clip(name, &[&source[..], more, &["-shortest"]].concat());
    same(&[
        make("cage.mp4", &[]),
        make(
            "cage.mkv",
            &[
                "-c:v",
                "libx265",
                "-x265-params",
                "log-level=error",
                "-c:a",
                "libopus",
            ],
        ),
        make("cage.webm", &["-c:v", "libvpx-vp9", "-cpu-used", "8"]),
        make("cage.ts", &["-c:v", "mpeg2video", "-c:a", "mp2"]),
        make("cage.avi", &["-c:v", "mpeg4", "-c:a", "libmp3lame"]),
        make("cage.mov", &["-c:v", "prores", "-c:a", "pcm_s16le"]),
        make("cage.flv", &["-c:v", "flv", "-ar", "44100"]),
        make("cage.ogg", &["-c:v", "libtheora", "-c:a", "libvorbis"]),
    ]);
}

#[test]
fn the_corpus_is_the_same_inside_and_outside() {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let Ok(entries) = std::fs::read_dir(&place) else {
        return println!("skipped, there is no corpus beside the project");
    };
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    let is_small = |path: &std::path::PathBuf| {
        path.metadata()
            .is_ok_and(|known| known.is_file() && known.len() < 4 << 20)
    };
    files.retain(is_small);
    files.sort();
    same(&files);
}

#[test]
fn other_files_stay_closed_whatever_ffmpeg_is_told() {
    let secret = clip(
        "cage-secret.mp4",
        &["-f", "lavfi", "-i", "testsrc2=d=1:s=64x64"],
    );
    let secret = secret.to_str().unwrap();
    let filter = format!("movie={secret}");
    let attempts: [&[&str]; 5] = [
        &["-i", secret],
        &["-f", "lavfi", "-i", &filter],
        &["-i", "/etc/passwd"],
        &["-f", "tty", "-i", "/etc/hostname"],
        &["-i", "tcp://127.0.0.1:9"],
    ];
    for attempt in attempts {
        let more = ["-frames:v", "1", "-f", "null", "-"];
        let (ended, _) = run(
            &whole(),
            &[&["-v", "error"], attempt, &more[..]].concat(),
            None,
        );
        assert!(
            matches!(ended, Ended::Exit(code) if code != 0),
            "{attempt:?}: {ended:?}"
        );
    }
    let text = "color=d=1,drawtext=textfile=/etc/passwd";
    let (ended, _) = run(
        &whole(),
        &["-v", "error", "-f", "lavfi", "-i", text, "-f", "null", "-"],
        None,
    );
    assert_ne!(ended, Ended::Exit(0));
    // It is the cage that does it, and not a mistake in the list.
    let (ended, _) = run(
        &Cage::off(),
        &["-v", "error", "-i", secret, "-f", "null", "-"],
        None,
    );
    assert_eq!(ended, Ended::Exit(0));
}

/// Lists that name another file, to an FFmpeg that is told nothing that would keep it from opening it.
#[test]
fn lists_open_nothing_without_any_option() {
    let place = tempfile::tempdir().unwrap();
    let private = clip(
        "cage-private.ts",
        &[
            "-f",
            "lavfi",
            "-i",
            "testsrc2=d=1:s=64x64",
            "-c:v",
            "mpeg2video",
        ],
    );
    std::fs::copy(private, place.path().join("private.ts")).unwrap();
    let target = place.path().join("private.ts");
    let target = target.display();
    let lists = [
        format!(
            "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.0,\nfile://{target}\n#EXT-X-ENDLIST\n"
        ),
        "ffconcat version 1.0\nfile private.ts\n".into(),
    ];
    for list in lists {
        let path = place.path().join("list.mp4");
        std::fs::write(&path, &list).unwrap();
        let name = path.to_str().unwrap();
        let look = [
            "-v",
            "error",
            "-i",
            name,
            "-frames:v",
            "1",
            "-f",
            "rawvideo",
            "-",
        ];
        let (ended, picture) = run(&whole(), &look, Some(&path));
        assert_ne!(ended, Ended::Exit(0), "{list}");
        assert!(picture.is_empty(), "{list}");
        // The same list shows the picture where nothing is in its way.
        let (_, picture) = run(&Cage::off(), &look, Some(&path));
        assert_eq!(picture.len(), 64 * 64 * 3 / 2, "{list}");
    }
}

#[test]
fn memory_ends_before_the_machine_does() {
    let config = kinora_jobs::SandboxConfig {
        memory: 256 << 20,
        ..Default::default()
    };
    let cage = Cage::establish(&config, false).unwrap();
    let huge = [
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "color=s=8192x8192:d=1",
        "-c:v",
        "rawvideo",
        "-f",
        "null",
        "-",
    ];
    let (ended, _) = run(&cage, &huge, None);
    assert_ne!(ended, Ended::Exit(0));
    assert_eq!(run(&whole(), &huge, None).0, Ended::Exit(0));
}

#[test]
fn who_names_its_input_as_output_gets_no_rights_beside_it() {
    let (inputs, work) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let input = inputs.path().join("one");
    std::fs::write(&input, "x").unwrap();
    let escaped = inputs.path().join("escaped.mkv");
    let write = ["-v", "error", "-f", "lavfi", "-i", "color=d=0.1:s=64x64"];
    let arguments: Vec<OsString> = write.iter().map(OsString::from).collect();
    let arguments = [arguments, vec![escaped.clone().into()]].concat();
    let (share, cage) = (Share::off(), whole());
    let spec = |output| Spec {
        program: &tools().main().path,
        arguments: &arguments,
        directory: work.path(),
        input: Some(&input),
        lent: None,
        output: Some(output),
        file_size: None,
        duty: Duty::Work,
        time: Duration::from_secs(60),
        share: &share,
        cage: &cage,
    };
    let finished = process::run(&spec(&input), &mut |_| Control::Continue);
    assert_ne!(finished.unwrap().ended, Ended::Exit(0));
    assert!(!escaped.exists());
}

#[test]
fn processor_time_ends() {
    let endless = [
        "-v", "error", "-f", "lavfi", "-i", "testsrc2", "-f", "null", "-",
    ];
    let (ended, _) = run_for(Duration::ZERO, &whole(), &endless, None);
    // SIGXCPU; FFmpeg may end by itself when it hears of it.
    assert_ne!(ended, Ended::Exit(0));
}

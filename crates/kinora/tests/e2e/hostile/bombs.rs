//! Bombs: small files that ask for very much. Each ends soon, within its limits, and is refused or becomes something
//! small.

use super::files::{self, clip, made, mp4_box, python, riff_chunk};
use super::{Den, Fate};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const REFUSED: &[&str] = &[
    "unsupported_format",
    "corrupt_input",
    "no_video",
    "picture_size",
    "out_of_memory",
    "failed",
    "too_large",
    "crashed",
    "wrong_result",
];

/// The streams of a result.
fn streams(path: &Path) -> Vec<Value> {
    let mut command = Command::new("ffprobe");
    command
        .args([
            "-v",
            "error",
            "-of",
            "json",
            "-show_streams",
            "-count_packets",
        ])
        .arg(path);
    let probe: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    probe["streams"].as_array().unwrap().clone()
}

fn frames(fate: &Fate) -> u64 {
    let streams = streams(fate.served());
    streams[0]["nb_read_packets"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

/// A moov whose table of samples says that there are sixty million.
fn sample_table() -> Vec<u8> {
    let numbers = |all: &[u32]| {
        all.iter()
            .flat_map(|n| n.to_be_bytes())
            .collect::<Vec<u8>>()
    };
    let matrix = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];
    let mvhd = [
        &[0, 0, 0, 1000, 1000, 0x1_0000, 0x0100_0000, 0, 0][..],
        &matrix,
        &[0; 6],
        &[2],
    ]
    .concat();
    let tkhd = [
        &[3, 0, 0, 1, 0, 1000, 0, 0, 0, 0][..],
        &matrix,
        &[64 << 16, 64 << 16],
    ]
    .concat();
    let mdhd = numbers(&[0, 0, 0, 1000, 1000, 0x55c4_0000]);
    let hdlr = [numbers(&[0, 0]), b"vide".to_vec(), vec![0; 13]].concat();
    let mut entry = vec![0_u8; 78];
    entry[7] = 1;
    (entry[25], entry[27]) = (64, 64);
    let stsd = [numbers(&[0, 1]), mp4_box("mp4v", &entry)].concat();
    let count = 60_000_000;
    let stbl = [
        mp4_box("stsd", &stsd),
        mp4_box("stts", &numbers(&[0, 1, count, 1])),
        mp4_box("stsc", &numbers(&[0, 1, 1, count, 1])),
        mp4_box("stsz", &numbers(&[0, 1, count])),
        mp4_box("stco", &numbers(&[0, 1, 0])),
    ];
    let minf = [
        mp4_box("vmhd", &numbers(&[1, 0, 0])),
        mp4_box("stbl", &stbl.concat()),
    ];
    let mdia = [
        mp4_box("mdhd", &mdhd),
        mp4_box("hdlr", &hdlr),
        mp4_box("minf", &minf.concat()),
    ];
    let trak = [
        mp4_box("tkhd", &numbers(&tkhd)),
        mp4_box("mdia", &mdia.concat()),
    ];
    let moov = [
        mp4_box("mvhd", &numbers(&mvhd)),
        mp4_box("trak", &trak.concat()),
    ];
    [
        mp4_box("ftyp", b"isom\0\0\0\0isom"),
        mp4_box("moov", &moov.concat()),
    ]
    .concat()
}

#[test]
fn tables_that_claim_too_much() {
    let den = Den::new(&[]);
    // B1
    den.resize("B1", &sample_table()).refused(REFUSED);
    // B2: a compressed moov of 600 MB
    let zeros = python(
        "import sys,zlib;c=zlib.compressobj(9);z=bytes(1<<20);o=b''.join(c.compress(z) for _ in range(600))+c.flush();\
         sys.stdout.buffer.write(o)",
    );
    let size = (600_u32 << 20).to_be_bytes();
    let packed = [&size[..], &zeros].concat();
    let cmov = [mp4_box("dcom", b"zlib"), mp4_box("cmvd", &packed)].concat();
    let file = [
        mp4_box("ftyp", b"qt  \0\0\0\0qt  "),
        mp4_box("moov", &mp4_box("cmov", &cmov)),
    ]
    .concat();
    den.resize("B2", &file).refused(REFUSED);
    // B3: a sample a second, 200,000 of them
    let format = [1_u16, 1, 1, 0, 2, 0, 2, 16].map(u16::to_le_bytes).concat();
    let sound = [
        riff_chunk("fmt ", &format),
        riff_chunk("data", &vec![0; 200_000]),
    ]
    .concat();
    let wav = riff_chunk("RIFF", &[b"WAVE".as_slice(), &sound].concat());
    let fate = den.order(
        "B3",
        json!({"operation": "audio", "format": "mp3"}),
        "wav",
        &wav,
    );
    fate.ended();
}

#[test]
fn pictures_that_are_too_large() {
    let den = Den::new(&[]);
    // B4
    let png = python(
        "import sys,zlib,struct\n\
         def c(t,d): return struct.pack('>I',len(d))+t+d+struct.pack('>I',zlib.crc32(t+d))\n\
         z=zlib.compressobj(9);n=15000;o=b''.join(z.compress(bytes(n*3+1)) for _ in range(n))+z.flush()\n\
         sys.stdout.buffer.write(b'\\x89PNG\\r\\n\\x1a\\n'+c(b'IHDR',struct.pack('>IIBBBBB',n,n,8,2,0,0,0))+c(b'IDAT',o)+c(b'IEND',b''))",
    );
    den.resize("B4", &png).refused(REFUSED);
    // B16
    let mut jpeg = made(
        "jpg",
        &["-f", "lavfi", "-i", "color=s=64x64", "-frames:v", "1"],
    );
    let at = jpeg
        .windows(2)
        .position(|pair| pair == [0xff, 0xc0])
        .unwrap();
    jpeg[at + 5..at + 9].copy_from_slice(&[0x3e, 0x80, 0x3e, 0x80]);
    den.resize("B16", &jpeg).refused(REFUSED);
    // B12: a cover is no video
    let place = tempfile::tempdir().unwrap();
    let cover = place.path().join("c.jpg");
    std::fs::write(
        &cover,
        made(
            "jpg",
            &["-f", "lavfi", "-i", "color=s=4000x4000", "-frames:v", "1"],
        ),
    )
    .unwrap();
    let cover = cover.display().to_string();
    let song = [
        "-f", "lavfi", "-i", "sine=d=1", "-i", &cover, "-map", "0", "-map", "1", "-c:v", "copy",
    ];
    let song = made(
        "mp3",
        &[&song[..], &["-disposition:v", "attached_pic"]].concat(),
    );
    den.order(
        "B12",
        json!({"operation": "resize", "width": 64}),
        "mp3",
        &song,
    )
    .refused(&["no_video"]);
}

#[test]
fn too_many_tracks_and_words() {
    let den = Den::new(&[]);
    // B5
    let source = [
        "-f",
        "lavfi",
        "-i",
        "color=s=64x64:d=0.2:r=5",
        "-c:v",
        "mpeg4",
    ];
    let maps = ["-map", "0:v"].repeat(400);
    den.resize("B5", &made("mkv", &[&source[..], &maps].concat()))
        .refused(REFUSED);
    // B10
    let place = tempfile::tempdir().unwrap();
    let words = place.path().join("s.srt");
    let cue = |n: u32| format!("{n}\n00:00:00,000 --> 00:00:02,000\nword\n\n");
    std::fs::write(&words, (1..=50_000).map(cue).collect::<String>()).unwrap();
    let words = words.display().to_string();
    let mut arguments = vec!["-i", &words];
    arguments.extend(files::clip_of("mpeg4", "aac"));
    arguments.extend(["-map", "0", "-map", "1", "-map", "2", "-c:s", "srt"]);
    den.resize("B10", &made("mkv", &arguments)).ended();
    // B11
    let comment = format!("comment={}", "x".repeat(100_000));
    let mut arguments = files::clip_of("mpeg4", "aac");
    arguments.extend([
        "-metadata",
        "title=\u{1b}[2J<script>alert(1)</script>\nfake log line",
        "-metadata",
        &comment,
    ]);
    den.resize("B11", &made("mkv", &arguments)).served();
    let log = std::fs::read_to_string(den.path("data.log")).unwrap();
    assert!(
        !log.contains('\u{1b}') && !log.lines().any(|line| line.starts_with("fake")),
        "{log}"
    );
}

#[test]
fn times_that_make_no_sense() {
    let den = Den::new(&[]);
    let with = |filter: &str, base: &str, ending: &str| {
        let source = [
            "-f",
            "lavfi",
            "-i",
            "testsrc2=s=64x64:r=25:d=0.4",
            "-vf",
            filter,
        ];
        let coding = [
            "-fps_mode",
            "vfr",
            "-enc_time_base",
            base,
            "-c:v",
            "libx264",
        ];
        made(ending, &[&source[..], &coding].concat())
    };
    // B6: ten frames, 100,000 s from each other
    let far = den.resize(
        "B6",
        &with("settb=1/1000,setpts=N*100000/TB", "1:1000", "mkv"),
    );
    if far.result.is_some() {
        assert!(frames(&far) <= 10, "frames are invented");
    }
    far.ended();
    let far = with("settb=1/1000,setpts=N*100000/TB", "1:1000", "mkv");
    for order in [
        json!({"operation": "compress"}),
        json!({"operation": "compress", "quality": 30}),
        json!({"operation": "convert", "format": "mp4", "video_codec": "h264"}),
        json!({"operation": "convert", "format": "avi"}),
        json!({"operation": "webm"}),
        json!({"operation": "gif"}),
        json!({"operation": "aspect", "ratio": "1:1", "fit": "letterbox"}),
    ] {
        den.order(&format!("B6 {order}"), order, "mkv", &far)
            .ended();
    }
    // B7: a nominal rate that is a time base
    let odd = den.resize(
        "B7",
        &with("settb=1/57600,setpts=N*2304+mod(N\\,3)", "1:57600", "mp4"),
    );
    assert!(frames(&odd) <= 20, "frames are invented");
    // B14
    let uneven = den.resize(
        "B14",
        &with(
            "settb=1/1000,setpts=if(mod(N\\,2)\\,900000-N\\,N*40)",
            "1:1000",
            "mkv",
        ),
    );
    if uneven.result.is_some() {
        assert!(frames(&uneven) <= 20, "frames are invented");
    }
    uneven.ended();
}

#[test]
fn shapes_that_change_or_deceive() {
    let den = Den::new(&[]);
    // B8
    let piece = |size: &str| {
        let source = format!("testsrc2=s={size}:r=25:d=0.4");
        made("ts", &["-f", "lavfi", "-i", &source, "-c:v", "mpeg2video"])
    };
    let pieces = ["64x64", "640x360", "96x64", "1280x720", "64x96"]
        .map(piece)
        .concat();
    let fate = den.resize("B8", &pieces);
    if fate.result.is_some() {
        let first = &streams(fate.served())[0];
        assert_eq!(
            (&first["width"], &first["height"]),
            (&json!(64), &json!(64))
        );
    }
    fate.ended();
    // B9
    let source = [
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=64x64:r=25:d=0.4",
        "-vf",
        "setsar=65535/1",
    ];
    let fate = den.order(
        "B9",
        json!({"operation": "resize", "height": 32}),
        "mkv",
        &made("mkv", &[&source[..], &["-c:v", "mpeg4"]].concat()),
    );
    if fate.result.is_some() {
        let streams = streams(fate.served());
        let video = streams.iter().find(|each| each["codec_type"] == "video");
        let width = video.unwrap_or_else(|| panic!("{streams:?}"))["width"].as_u64();
        assert!(width.is_some_and(|width| width <= 8192), "{streams:?}");
    }
    fate.ended();
}

#[test]
fn what_is_no_video_at_all() {
    let den = Den::new(&[]);
    // B13
    let mut noise = vec![0_u8; 50_000];
    let mut state = 1_u32;
    for byte in &mut noise {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (state >> 24) as u8;
    }
    let nothing: [(&str, &[u8]); 5] = [
        ("one byte", b"x"),
        ("zeros", &[0; 50_000]),
        ("noise", &noise),
        ("a header", &clip()[..40]),
        ("a half", &clip()[..clip().len() / 2]),
    ];
    for (name, bytes) in nothing {
        den.resize(&format!("B13 {name}"), bytes).ended();
    }
    let empty = den.resize("B13 empty", b"");
    assert_ne!(empty.answer.text("status"), "completed");
    // Two things at once, one after the other.
    let png = made(
        "png",
        &["-f", "lavfi", "-i", "color=s=64x64", "-frames:v", "1"],
    );
    den.resize("two kinds", &[clip(), &png].concat()).ended();
    den.resize("two kinds", &[&png, clip()].concat()).ended();
}

#[test]
fn an_upload_without_end_is_never_begun() {
    let den = Den::new(&[]);
    // B15
    let mut endless = den.server.connect();
    endless.send_head(json!({"operation": "resize", "width": 64}), "mp4", 1 << 30);
    std::io::Write::write_all(&mut endless.stream, clip()).unwrap();
    drop(endless);
    let mut honest = den.server.connect();
    let task = honest.submit("audio", files::beep());
    let answer = honest.wait_for(&task);
    den.fetch(&mut honest, &task, &answer)
        .expect("the honest one is served");
    assert_eq!(
        super::children_in(&den.data),
        Vec::<std::path::PathBuf>::new()
    );
}

//! Every kind of title that people have: its rendition has all of its frames, upright and in its shape.

use super::library::{Cinema, film, frames};
use serde_json::Value;
use std::path::Path;

/// A kind: the name of its file, what FFmpeg makes it of, its frames, and the shape of its rendition of 64 lines.
struct Kind {
    name: &'static str,
    arguments: &'static str,
    frames: usize,
    size: (u32, u32),
}

const KINDS: &[Kind] = &[
    Kind {
        name: "without_sound.mp4",
        arguments: "-f lavfi -i testsrc2=size=160x90:rate=25:duration=3 -c:v libx264 -preset ultrafast",
        frames: 75,
        size: (114, 64),
    },
    Kind {
        name: "ten_bit.mp4",
        arguments: "-f lavfi -i testsrc2=size=160x90:rate=25:duration=3 -f lavfi -i sine=duration=3 -c:v libx264 -preset ultrafast \
                    -pix_fmt yuv420p10le -c:a aac",
        frames: 75,
        size: (114, 64),
    },
    Kind {
        name: "variable_rate.mp4",
        arguments: "-f lavfi -i testsrc2=size=160x90:rate=50:duration=4 -vf select=between(mod(n\\,7)\\,0\\,4) -fps_mode vfr \
                    -enc_time_base 1:90000 -c:v libx264 -preset ultrafast -bf 2",
        frames: 144,
        size: (114, 64),
    },
    Kind {
        name: "odd_sizes.mkv",
        arguments: "-f lavfi -i testsrc2=size=161x91:rate=25:duration=3 -c:v ffv1 -pix_fmt yuv444p",
        frames: 75,
        size: (114, 64),
    },
    Kind {
        name: "four_to_three.mp4",
        arguments: "-f lavfi -i testsrc2=size=180x120:rate=25:duration=3 -vf setsar=8/9 -c:v libx264 -preset ultrafast",
        frames: 75,
        size: (86, 64),
    },
    Kind {
        name: "long_groups.mp4",
        arguments: "-f lavfi -i testsrc2=size=160x90:rate=25:duration=14 -c:v libx264 -preset ultrafast -g 1000 -sc_threshold 0",
        frames: 350,
        size: (114, 64),
    },
    Kind {
        name: "matroska.mkv",
        arguments: "-f lavfi -i testsrc2=size=160x90:rate=30000/1001:duration=3.003 -f lavfi -i sine=duration=3 -c:v libx264 \
                    -preset ultrafast -bf 3 -c:a libopus",
        frames: 90,
        size: (114, 64),
    },
    Kind {
        name: "old.avi",
        arguments: "-f lavfi -i testsrc2=size=160x120:rate=15:duration=3 -f lavfi -i sine=duration=3 -c:v mpeg4 -c:a libmp3lame",
        frames: 45,
        size: (86, 64),
    },
    Kind {
        name: "one_second.mp4",
        arguments: "-f lavfi -i testsrc2=size=160x90:rate=25:duration=1 -f lavfi -i sine=duration=1 -c:v libx264 -preset ultrafast -c:a aac",
        frames: 25,
        size: (114, 64),
    },
    Kind {
        name: "portrait.mp4",
        arguments: "-f lavfi -i testsrc2=size=90x160:rate=25:duration=3 -c:v libx264 -preset ultrafast",
        frames: 75,
        size: (64, 114),
    },
];

/// The same picture lying on its side, as phones write it.
fn turned(folder: &Path) {
    let (upright, turned) = (folder.join("portrait.mp4"), folder.join("turned.mp4"));
    let upright = upright.display();
    // FFmpeg 5 turns by a tag, later ones by an option.
    let arguments = match has_display_rotation() {
        true => format!("-display_rotation 90 -i {upright} -c copy"),
        false => format!("-i {upright} -c copy -metadata:s:v rotate=90"),
    };
    film(&turned, &arguments);
}

#[test]
fn all_have_every_frame_in_every_form() {
    let cinema = Cinema::with(&[64], |folder| {
        for kind in KINDS {
            film(&folder.join(kind.name), kind.arguments);
        }
        turned(folder);
    });
    let titles = loop {
        let list = cinema.caller().get("/api/library").json();
        let titles = list["titles"].as_array().unwrap().clone();
        let is_made =
            |title: &Value| title["staged_url"].is_string() && title["progress"].is_null();
        if titles.len() > KINDS.len() && titles.iter().all(is_made) {
            break titles;
        }
        std::thread::yield_now();
    };
    for title in titles {
        let name = title["name"].as_str().unwrap().replace(' ', "_");
        let mut kinds = KINDS.iter();
        let kind = kinds.find(|kind| kind.name.starts_with(&name));
        let (count, size) = kind.map_or((75, (114, 64)), |kind| (kind.frames, kind.size));
        for address in ["hls_url", "staged_url", "dash_url"] {
            let path = title[address].as_str().unwrap();
            let url = format!("http://{}{path}", cinema.house.http());
            let found = frames(&url, &["-vf", "scale=64:64"]);
            assert_eq!(found.len(), count, "{name}: {address}");
        }
        let main = title["hls_url"].as_str().unwrap();
        let main = cinema.caller().get(main);
        let main = std::str::from_utf8(&main.body).unwrap();
        let (width, height) = size;
        assert!(
            main.contains(&format!("RESOLUTION={width}x{height},")),
            "{name}: {main}"
        );
    }
}

fn has_display_rotation() -> bool {
    let help = std::process::Command::new("ffmpeg")
        .args(["-hide_banner", "-h", "full"])
        .output();
    help.is_ok_and(|help| String::from_utf8_lossy(&help.stdout).contains("display_rotation"))
}

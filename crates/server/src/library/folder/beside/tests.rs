use super::*;

const STAMP: Stamp = Stamp {
    size: 1,
    modified_ns: 0,
    inode: 0,
};

fn check(videos: &[&str], files: &[&str], expected: &[&[&str]]) {
    let found = |path: &&str| Found {
        path: path.into(),
        stamp: STAMP,
        beside: Vec::new(),
    };
    let mut videos: Vec<Found> = videos.iter().map(found).collect();
    give(
        &mut videos,
        files.iter().map(|path| (path.into(), STAMP)).collect(),
    );
    let told = |each: &Beside| {
        let Beside {
            path,
            language,
            is_forced,
            is_descriptive,
            ..
        } = each;
        let sign = |is: bool, text: &'static str| if is { text } else { "" };
        format!(
            "{} {language}{}{}",
            path.display(),
            sign(*is_forced, "!"),
            sign(*is_descriptive, "*")
        )
    };
    let given: Vec<Vec<String>> = videos
        .iter()
        .map(|video| video.beside.iter().map(told).collect())
        .collect();
    assert_eq!(given, expected);
}

#[test]
fn a_file_belongs_to_the_video_whose_name_it_has() {
    check(
        &["a.mp4", "b/a.mkv"],
        &[
            "a.srt",
            "a.en.srt",
            "a.pt-BR.sdh.vtt",
            "b/a.deu.forced.srt",
            "c.srt",
            "a.b.srt",
        ],
        &[
            &["a.en.srt en", "a.pt-BR.sdh.vtt pt-BR*", "a.srt "],
            &["b/a.deu.forced.srt deu!"],
        ],
    );
    // The longer name has it.
    check(
        &["a.mp4", "a.en.mp4"],
        &["a.en.srt", "a.en.de.srt"],
        &[&[], &["a.en.de.srt de", "a.en.srt "]],
    );
    check(&["a.mp4"], &["a.en.de.srt", "a.e.srt", "a.éé.srt"], &[&[]]);
    check(&["a.mp4", "a.mkv"], &["a.srt"], &[&["a.srt "], &["a.srt "]]);
}

#[test]
fn there_are_not_too_many() {
    let names: Vec<String> = (0..40)
        .map(|number| format!("a.x{}.srt", char::from(97 + number % 26)))
        .collect();
    let mut videos = [Found {
        path: "a.mp4".into(),
        stamp: STAMP,
        beside: Vec::new(),
    }];
    give(
        &mut videos,
        names.iter().map(|name| (name.into(), STAMP)).collect(),
    );
    assert_eq!(videos[0].beside.len(), BESIDE);
}

use super::*;
use kinora_media::quality::report::{Levels, Measured};

fn check(result: Result<'_>, expected: &str) {
    let named = Result {
        input: Path::new("videos/a.mp4"),
        output: Path::new("videos/a.compressed.mp4"),
        ..result
    };
    assert_eq!(named.summary(), expected);
}

fn plain<'a>() -> Result<'a> {
    Result {
        input: Path::new(""),
        output: Path::new(""),
        task_id: None,
        size: 2_400_000,
        original_size: Some(12_100_000),
        kept_original: false,
        digest: None,
        kept_as: None,
        notes: &[],
        report: None,
    }
}

#[test]
fn one_line_says_what_came_of_it() {
    check(plain(), "  12.1 MB -> 2.4 MB (20 %)");
    check(
        Result {
            kept_as: Some("a (2).mp4"),
            ..plain()
        },
        "  12.1 MB -> 2.4 MB (20 %); in the library as a (2).mp4",
    );
    let levels = Levels {
        mean: 95.2,
        scene: 93.4,
        worst5: 91.0,
    };
    let mut report = Report {
        reason: "the best that was possible".into(),
        measured: Some(Measured {
            levels,
            ..Measured::default()
        }),
        ..Report::default()
    };
    report.metric.name = "vmaf".into();
    let notes = [report.reason.clone(), "one track was left out".into()];
    check(
        Result {
            report: Some(&report),
            notes: &notes,
            ..plain()
        },
        "  a.mp4: 2.4 MB instead of 12.1 MB (80 % less), VMAF 95.2, worst scene 93.4; one track was left out",
    );
    report.measured = None;
    check(
        Result {
            report: Some(&report),
            kept_original: true,
            size: 12_100_000,
            ..plain()
        },
        "  a.mp4: 12.1 MB; the original, nothing smaller could be made",
    );
}

#[test]
fn the_report_is_a_member_only_where_there_is_one() {
    assert_eq!(plain().json().get("report"), None);
    let report = Report::default();
    let with = Result {
        report: Some(&report),
        ..plain()
    };
    assert_eq!(with.json()["report"]["status"], "held");
}

use super::ask::Answer;
use super::*;
use kinora_media::capability::Capabilities;
use kinora_media::diagnosis::Ended;
use std::convert::Infallible;

const DEBIAN: &str = "5.1";
const STATIC: &str = "9.0";

fn listing(filters: &str) -> Capabilities {
    let encoders = " V....D libx264  x\n V....D libsvtav1  x\n V....D libx265  x\n A....D aac  x\n V....D qtrle  x\n";
    Capabilities::parse(encoders, "", filters, "", "ffmpeg version 0")
}

/// A build that does all that it is said to, beside the encoders that every build has.
fn build(version: &str, vmaf: &[VmafModel], is_new: bool, encoders: &[&str]) -> Build {
    Build {
        path: version.into(),
        version: version.into(),
        capabilities: listing(""),
        tried: Tried {
            encoders: encoders.iter().map(|&name| name.into()).collect(),
            vmaf: vmaf.to_vec(),
            xpsnr: is_new,
            svt_quarter_crf: is_new,
            loopback: is_new,
            svt_forced_keys: is_new,
        },
    }
}

fn debian() -> Build {
    build(DEBIAN, &[], false, &["libx264", "libx265", "libsvtav1"])
}

fn newer() -> Build {
    build(
        STATIC,
        &VmafModel::ALL,
        true,
        &["libx264", "libx265", "libsvtav1"],
    )
}

fn tools(builds: Vec<Build>) -> Tools {
    Tools {
        ffprobe: "ffprobe".into(),
        builds,
        left_out: None,
        cage: Cage::off(),
    }
}

fn encodes(tools: &Tools, name: &str) -> Option<String> {
    tools.encoder(name).map(|build| build.version.clone())
}

#[test]
fn newer_encoders_are_preferred_where_newer_is_better() {
    for order in [vec![debian(), newer()], vec![newer(), debian()]] {
        let first = order[0].version.clone();
        let tools = tools(order);
        for name in ["libsvtav1", "libx265"] {
            assert_eq!(encodes(&tools, name).as_deref(), Some(STATIC), "{name}");
        }
        assert_eq!(encodes(&tools, "qtrle"), Some(first));
    }
}

#[test]
fn what_scores_at_once_encodes_where_builds_are_equal() {
    let mut unable = newer();
    unable.tried.loopback = false;
    for (second, expected) in [(newer(), STATIC), (unable, DEBIAN)] {
        let tools = tools(vec![debian(), second]);
        assert_eq!(encodes(&tools, "libx264").as_deref(), Some(expected));
    }
}

#[test]
fn of_equal_builds_the_main_one_encodes() {
    let tools = tools(vec![debian(), build(STATIC, &[], false, &["libsvtav1"])]);
    assert_eq!(encodes(&tools, "libsvtav1").as_deref(), Some(DEBIAN));
}

#[test]
fn what_failed_its_trial_is_done_by_the_other_or_by_none() {
    let mut main = debian();
    main.tried.encoders.remove("libx264");
    let both = tools(vec![main.clone(), newer()]);
    assert_eq!(encodes(&both, "libx264").as_deref(), Some(STATIC));
    assert_eq!(encodes(&tools(vec![main]), "libx264"), None);
    assert_eq!(encodes(&both, "no_such_encoder"), None);
}

#[test]
fn the_best_model_anywhere_scores() {
    let scorer = |builds, is_uhd| {
        let tools = tools(builds);
        let found = if is_uhd {
            tools.vmaf_uhd()
        } else {
            tools.vmaf()
        };
        found.map(|(build, model)| (build.version.clone(), model))
    };
    let old = |models: &[VmafModel]| build(DEBIAN, models, false, &[]);
    let both = || vec![old(&[VmafModel::V061Neg, VmafModel::V061]), newer()];
    assert_eq!(scorer(both(), false), Some((STATIC.into(), VmafModel::V1)));
    assert_eq!(
        scorer(both(), true),
        Some((STATIC.into(), VmafModel::V1Uhd))
    );
    let neg = Some((DEBIAN.into(), VmafModel::V061Neg));
    let alone = || vec![old(&[VmafModel::V061Neg, VmafModel::V061])];
    assert_eq!(scorer(alone(), false), neg);
    assert_eq!(scorer(alone(), true), neg);
    assert_eq!(scorer(vec![debian()], false), None);
}

#[test]
fn a_picture_gets_a_model_that_takes_it() {
    let both = tools(vec![debian(), newer()]);
    let check = |(width, height), model: Option<VmafModel>| {
        let found = both.vmaf_for(width, height).map(|(_, model)| model);
        assert_eq!(found, model, "{width}x{height}");
        let turned = both.vmaf_for(height, width).map(|(_, model)| model);
        assert_eq!(turned, model, "{height}x{width}");
    };
    check((1920, 1080), Some(VmafModel::V1));
    check((2560, 1440), Some(VmafModel::V1));
    check((3840, 2160), Some(VmafModel::V1Uhd));
    check((320, 180), Some(VmafModel::V1));
    check((216, 160), Some(VmafModel::V1));
    check((208, 160), Some(VmafModel::V061Neg));
    check((256, 144), Some(VmafModel::V061Neg));
    check((64, 16), None);
}

#[test]
fn the_digest_tells_sets_of_builds_apart() {
    let both = tools(vec![debian(), newer()]).digest();
    assert_eq!(both, "5.1+9.0");
    assert_ne!(both, tools(vec![debian()]).digest());
}

fn answer(code: i32, output: String, complaints: &str) -> Answer {
    Answer {
        ended: Ended::Exit(code),
        output,
        complaints: complaints.into(),
    }
}

/// An FFmpeg on which every run with this argument fails, and which says this about pictures that it compares.
fn trial(filters: &str, refused: &str, score: &str) -> (Tried, usize) {
    let mut runs = 0;
    let tried = trial::run(&listing(filters), &mut |arguments| {
        runs += 1;
        if arguments.contains(&refused) {
            return Ok::<_, Infallible>(answer(1, String::new(), ""));
        }
        let outputs = arguments.iter().filter(|&&word| word == "md5").count();
        let sums = (0..outputs).map(|at| format!("MD5={at:032x}\n")).collect();
        Ok(answer(0, sums, score))
    });
    let Ok(tried) = tried;
    (tried, runs)
}

#[test]
fn what_works_together_is_tried_in_one_run() {
    let (tried, runs) = trial("", "-", "");
    assert_eq!(runs, 5, "{tried:?}");
    let (tried, runs) = trial("", "nothing", "");
    let all = ["aac", "libsvtav1", "libx264", "libx265"];
    assert!(tried.encoders.iter().eq(all), "{tried:?}");
    assert!(tried.svt_quarter_crf && tried.loopback);
    assert_eq!(runs, 3);
}

#[test]
fn one_encoder_that_fails_costs_no_other() {
    let (tried, _) = trial("", "libx265", "");
    let rest = ["aac", "libsvtav1", "libx264"];
    assert!(tried.encoders.iter().eq(rest), "{tried:?}");
}

#[test]
fn outputs_without_content_are_no_success() {
    let empty = "MD5=d41d8cd98f00b204e9800998ecf8427e\n";
    let tried = trial::run(&listing(""), &mut |arguments| {
        let outputs = arguments.iter().filter(|&&word| word == "md5").count();
        Ok::<_, Infallible>(answer(0, empty.repeat(outputs), ""))
    });
    assert_eq!(tried, Ok(Tried::default()));
}

#[test]
fn a_fraction_that_falls_back_to_the_default_is_none() {
    let tried = trial::run(&listing(""), &mut |arguments| {
        let is_quarter = arguments.contains(&"crf=33.25");
        let sums = if is_quarter {
            "MD5=a\nMD5=b\nMD5=b\n".to_owned()
        } else {
            "MD5=a\nMD5=b\nMD5=c\nMD5=d\n".to_owned()
        };
        Ok::<_, Infallible>(answer(0, sums, ""))
    });
    let Ok(tried) = tried;
    assert!(tried.encoders.contains("libsvtav1"));
    assert!(!tried.svt_quarter_crf);
}

#[test]
fn key_frames_have_to_stand_where_they_were_wanted() {
    let check = |flags: [&str; 6], expected: bool| {
        let lines = flags.iter().enumerate();
        let lines = lines.map(|(n, flags)| format!("0, {n}, {n}, 1, 900, 0x0001{flags}\n"));
        let output = format!("#tb 0: 1/25\n{}", lines.collect::<String>());
        let tried = trial::run(&listing(""), &mut |arguments| {
            let outputs = arguments.iter().filter(|&&word| word == "md5").count();
            let sums = (0..outputs).map(|at| format!("MD5={at:032x}\n"));
            let own = if arguments.contains(&"framecrc") {
                &*output
            } else {
                ""
            };
            Ok::<_, Infallible>(answer(0, sums.collect::<String>() + own, ""))
        });
        let Ok(tried) = tried;
        assert_eq!(tried.svt_forced_keys, expected, "{flags:?}");
    };
    let not = ", F=0x0";
    check(["", not, not, "", not, not], true);
    check(["", not, not, not, not, not], false);
    check(["", "", "", "", "", ""], false);
}

#[test]
fn the_build_that_obeys_makes_av1_of_groups() {
    let both = tools(vec![debian(), newer()]);
    let found = both.av1_of_groups().unwrap();
    assert_eq!(found.version, STATIC);
    let led = both.led_by(found);
    assert_eq!(led.main().version, STATIC);
    assert_eq!(led.builds.len(), 2);
    assert!(tools(vec![debian()]).av1_of_groups().is_none());
}

#[test]
fn only_a_score_shows_that_a_metric_works() {
    let filters = " ... libvmaf VV->V x\n ... xpsnr VV->V x\n";
    let check = |score: &str, vmaf: usize, xpsnr: bool| {
        let (tried, _) = trial(filters, "nothing", score);
        assert_eq!((tried.vmaf.len(), tried.xpsnr), (vmaf, xpsnr), "{score}");
    };
    check("[Parsed_libvmaf_0 @ 0x1] VMAF score: 78.392065", 4, false);
    check("[Parsed_xpsnr_0 @ 0x1] XPSNR  y: 18.3518  u: 18.6", 0, true);
    // What libvmaf says when a model's features are not built in.
    check("[Parsed_libvmaf_0 @ 0x1] VMAF score: 0.000000", 0, false);
    check("[Parsed_libvmaf_0 @ 0x1] VMAF score: nan", 0, false);
    check("", 0, false);
    let (tried, _) = trial("", "nothing", "VMAF score: 90");
    assert!(tried.vmaf.is_empty(), "not listed, so not tried");
}

//! Builds of FFmpeg side by side: stand-ins that misbehave, and the static build where it has been fetched.

use crate::media::{tools, whole};
use kinora_jobs::Programs;
use kinora_jobs::sandbox::{Cage, Tools, VmafModel};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program of this text. Another process writes it: what is open for writing here is so in each child that another
/// test is just starting, and then does not run.
fn stand_in(place: &Path, script: &str) -> PathBuf {
    let (text, path) = (place.join("text"), place.join("ffmpeg"));
    std::fs::write(&text, format!("#!/bin/sh\n{script}\n")).unwrap();
    let mut install = Command::new("install");
    let done = install.args(["-m", "755"]).args([&text, &path]).status();
    assert!(done.unwrap().success());
    path
}

fn with_second(second: impl Into<PathBuf>) -> Programs {
    Programs {
        ffmpeg: tools().main().path.clone(),
        second: second.into(),
        ..Programs::default()
    }
}

/// The code and the words with which this program is refused as a named second build.
fn refusal(script: &str) -> (String, String) {
    let place = tempfile::tempdir().unwrap();
    let problem = Tools::find(&with_second(stand_in(place.path(), script)), Cage::off());
    let problem = problem.expect_err("nothing that can be used");
    (problem.code, problem.description)
}

#[test]
fn a_named_second_build_has_to_work() {
    let (code, text) = refusal("exit 1");
    assert_eq!(code, "ffmpeg_broken");
    assert!(text.ends_with("does not run (Exit(1))"), "{text}");
    let (code, text) = refusal("echo hello");
    assert_eq!(code, "ffmpeg_broken");
    assert!(text.ends_with("does not answer as FFmpeg does"), "{text}");
    let absent =
        Tools::find(&with_second("/nonexistent/ffmpeg"), whole()).expect_err("it is absent");
    assert_eq!(absent.code, "ffmpeg_missing");
}

#[test]
fn no_second_build_is_wanted() {
    for word in ["", "none"] {
        let tools = Tools::find(&with_second(word), whole()).unwrap();
        assert_eq!(tools.builds.len(), 1);
        assert!(tools.left_out.is_none());
    }
}

#[test]
fn what_is_listed_but_fails_is_not_used() {
    let place = tempfile::tempdir().unwrap();
    let real = tools().main().path.display();
    let script = format!("case \"$*\" in *libx264*) exit 1 ;; esac; exec {real} \"$@\"");
    let path = stand_in(place.path(), &script);
    let programs = Programs {
        ffmpeg: path.clone(),
        second: tools().main().path.clone(),
        ..Programs::default()
    };
    // A script starts other programs, which a cage forbids.
    let found = Tools::find(&programs, Cage::off());
    let found = found.unwrap();
    let broken = found.main();
    assert!(broken.capabilities.has_encoder("libx264"), "listed");
    assert!(!broken.can_encode("libx264"));
    assert!(broken.can_encode("aac"), "{:?}", broken.tried);
    let instead = found.encoder("libx264").unwrap();
    assert_eq!(instead.path, tools().main().path);
    assert_eq!(found.encoder("aac").unwrap().path, path);
}

#[test]
fn the_main_build_encodes_what_operations_choose() {
    let tried = &tools().main().tried;
    for name in ["libx264", "libx265", "libsvtav1", "libvpx-vp9"] {
        assert!(tried.encoders.contains(name), "{name}: {tried:?}");
    }
}

#[test]
fn the_static_build_scores_and_encodes_av1() {
    let program = std::env::current_exe().unwrap();
    let path = program.ancestors().nth(3).unwrap();
    let path = path.join("lib/kinora/ffmpeg");
    if !path.exists() {
        return println!("skipped, the static FFmpeg has not been fetched (make test fetches it)");
    }
    let tools = Tools::find(&with_second(&path), whole()).unwrap();
    let (scorer, model) = tools.vmaf().unwrap();
    assert_eq!((&scorer.path, model), (&path, VmafModel::V1));
    assert_eq!(tools.vmaf_uhd().unwrap().1, VmafModel::V1Uhd);
    assert_eq!(tools.builds[1].tried.vmaf, VmafModel::ALL);
    assert!(tools.builds[1].tried.xpsnr && tools.builds[1].tried.loopback);
    let encoder = tools.encoder("libsvtav1").unwrap();
    assert!(encoder.tried.svt_quarter_crf);
    assert_eq!(encoder.path, path);
}

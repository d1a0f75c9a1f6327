//! The way back.

use crate::fake::{SIZE, World, error};
use crate::{Client, Place, fair};
use kinora_client::{Blind, Destination, Event, Fault, Found, Kind};
use serde_json::{Value, json};
use std::fs::File;
use std::io;

#[test]
fn a_cut_download_goes_on_where_the_disk_stands() {
    for cut in [0, 1, 65_536, 1 << 20, (1 << 20) + 1, SIZE + 98] {
        let client = Client::new(World {
            cut_downloads: [cut].into(),
            ..fair()
        });
        let log = client.check();
        assert!(
            log.contains(&format!("download {cut}")),
            "cut at {cut}: {log:?}"
        );
    }
}

#[test]
fn a_report_comes_with_the_result_if_it_is_one() {
    let reported = |report: Value| {
        let client = Client::new(World {
            report: Some(report),
            ..fair()
        });
        client.run(|_| {}).unwrap().report
    };
    // What a newer server adds is passed over, what an older one lacks has its default.
    let report = reported(json!({
        "version": 1, "status": "best_effort", "frames": 250, "unheard_of": [1, {"x": null}],
        "measured": {"mean": 95.5, "scene": 93.0, "worst5": 90.0, "worst_second": 88.0, "worst_second_at": 4.0,
            "scored": 250, "xpsnr_db": null},
    }));
    let report = report.unwrap();
    assert_eq!((report.frames, report.scenes.len()), (250, 0));
    assert_eq!(report.measured.unwrap().levels.mean, 95.5);
    for damaged in [
        json!("very good"),
        json!({"status": "splendid"}),
        json!({"frames": -1}),
        json!({"scenes": [{"crf": 23}]}),
        json!({"timeline": {"at_s": 0}}),
    ] {
        assert_eq!(reported(damaged), None);
    }
}

#[test]
fn many_cuts_are_survived_as_long_as_each_brings_it_further() {
    let client = Client::new(World {
        cut_downloads: [250_000; 8].into(),
        ..fair()
    });
    assert_eq!(
        client
            .check()
            .iter()
            .filter(|line| line.starts_with("download"))
            .count(),
        9
    );
}

#[test]
fn cuts_that_bring_nothing_end_it() {
    let client = Client::new(World {
        cut_downloads: [0; 9].into(),
        ..fair()
    });
    assert!(matches!(client.run(|_| {}), Err(Fault::Lost { .. })));
    assert!(!client.fake.log().contains(&"(deleted)".to_owned()));
}

#[test]
fn a_damaged_result_is_fetched_again_once() {
    let client = Client::new(World {
        damage: 1,
        ..fair()
    });
    let log = client.check();
    assert_eq!(log.iter().filter(|line| *line == "download 0").count(), 2);
    let client = Client::new(World {
        damage: 2,
        ..fair()
    });
    assert!(matches!(
        client.run(|_| {}),
        Err(Fault::Damaged { what: "the result" })
    ));
    assert!(!client.dir.path().join("out.mp4").exists());
    assert!(!client.fake.log().contains(&"(deleted)".to_owned()));
}

#[test]
fn damage_before_a_cut_is_found_at_the_end() {
    let client = Client::new(World {
        damage: 1,
        cut_downloads: [100_000].into(),
        ..fair()
    });
    assert!(client.check().contains(&"download 100000".to_owned()));
}

#[test]
fn a_confirmation_that_nobody_hears_spoils_nothing() {
    let client = Client::new(World {
        swallow: ["confirm", "confirm"].into(),
        ..fair()
    });
    client.check();
}

#[test]
fn a_result_that_changes_between_two_parts_is_fetched_anew() {
    let client = Client::new(World {
        cut_downloads: [500_000].into(),
        ..fair()
    });
    let fake = client.fake.clone();
    client
        .run(|event| {
            if let Event::Lost { .. } = event {
                fake.world().result.reverse();
            }
        })
        .unwrap();
    assert!(client.result() == client.fake.world().result);
}

#[test]
fn a_result_without_a_place_stays_at_the_server() {
    struct Nowhere;
    impl Destination for Nowhere {
        fn open(&mut self, _: &Found) -> io::Result<File> {
            Err(io::ErrorKind::AlreadyExists.into())
        }
        fn appear(&mut self) -> io::Result<()> {
            unreachable!()
        }
    }
    let client = Client::new(fair());
    let fault = client
        .session()
        .run(
            &crate::compress(),
            &client.input(),
            &mut Nowhere,
            &mut Blind,
        )
        .unwrap_err();
    assert_eq!(fault.kind(), Kind::File);
    assert!(!client.fake.log().contains(&"(deleted)".to_owned()));
}

#[test]
fn an_earlier_job_can_be_fetched() {
    let client = Client::new(fair());
    let mut place = Place(client.dir.path().into());
    let delivered = client
        .session()
        .fetch("t1", &mut place, &mut Blind)
        .unwrap();
    assert_eq!(
        (delivered.size, delivered.original_size),
        (SIZE as u64 + 99, Some(SIZE as u64))
    );
    assert_eq!(
        client.fake.log(),
        ["status", "download 0", "confirm", "(deleted)"]
    );
    client.fake.world().states = vec![error("unknown_task")];
    assert!(matches!(
        client.session().fetch("t1", &mut place, &mut Blind),
        Err(Fault::Refused(_))
    ));
}

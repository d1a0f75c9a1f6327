//! The way to the server.

use crate::fake::{SIZE, World, error};
use crate::{Client, fair, quick};
use kinora_client::{Event, Fault, Kind, Timing};
use std::io::Write;
use std::net::TcpListener;
use std::time::Duration;

const STRAIGHT: [&str; 7] = [
    "upload 0",
    "confirm",
    "(accepted)",
    "status",
    "download 0",
    "confirm",
    "(deleted)",
];

#[test]
fn the_straight_way() {
    assert_eq!(Client::new(fair()).check(), STRAIGHT);
}

#[test]
fn events_come_in_order_and_reach_the_end() {
    let client = Client::new(fair());
    let mut stages = Vec::new();
    let mut last = (0, 0);
    client
        .run(|event| {
            let stage = match event {
                Event::Uploading { sent, size } => {
                    assert!((*sent, *size) > last && *size == SIZE as u64);
                    last = (*sent, *size);
                    "up".to_owned()
                }
                Event::Accepted { task_id } => format!("accepted {task_id}"),
                Event::State(state) => state.status.clone(),
                Event::Downloading { .. } => "down".into(),
                Event::Lost { .. } => "lost".into(),
            };
            if stages.last() != Some(&stage) {
                stages.push(stage);
            }
        })
        .unwrap();
    assert_eq!(
        stages,
        [
            "up",
            "accepted t1",
            "queued",
            "processing",
            "completed",
            "down"
        ]
    );
    assert_eq!(last.0, SIZE as u64);
}

#[test]
fn a_cut_upload_goes_on_where_the_server_stands() {
    for cut in [
        0,
        1,
        65_536,
        (1 << 20) - 1,
        1 << 20,
        (1 << 20) + 1,
        SIZE - 1,
    ] {
        let client = Client::new(World {
            cut_uploads: [cut].into(),
            ..fair()
        });
        let log = client.check();
        assert_eq!(
            log[..3],
            ["upload 0", "resume", &format!("upload {cut}")],
            "cut at {cut}"
        );
    }
}

#[test]
fn many_cuts_are_survived_as_long_as_each_brings_it_further() {
    let client = Client::new(World {
        cut_uploads: [300_000; 7].into(),
        ..fair()
    });
    let log = client.check();
    assert_eq!(log.iter().filter(|line| *line == "resume").count(), 7);
}

#[test]
fn cuts_that_bring_nothing_end_it() {
    let client = Client::new(World {
        cut_uploads: [0; 9].into(),
        ..fair()
    });
    assert!(matches!(client.run(|_| {}), Err(Fault::Lost { .. })));
}

#[test]
fn a_server_that_dies_at_the_same_byte_each_time_does_not_get_it_for_ever() {
    let client = Client::new(World {
        cut_uploads: [5000; 50].into(),
        forgetful: true,
        ..fair()
    });
    assert!(matches!(client.run(|_| {}), Err(Fault::Lost { .. })));
    assert!(client.fake.log().len() < 20);
}

#[test]
fn a_server_that_has_forgotten_gets_all_of_it_again() {
    let client = Client::new(World {
        cut_uploads: [(1 << 20) + 5].into(),
        forgetful: true,
        ..fair()
    });
    assert_eq!(client.check()[..3], ["upload 0", "resume", "upload 0"]);
}

#[test]
fn a_swallowed_answer_is_asked_for() {
    let begin = |verb| {
        let client = Client::new(World {
            swallow: [verb].into(),
            ..fair()
        });
        let log = client.check();
        assert_eq!(
            log.iter().filter(|line| *line == "(accepted)").count(),
            1,
            "one job for one upload"
        );
        log
    };
    assert_eq!(begin("upload")[..3], ["upload 0", "resume", "confirm"]);
    assert_eq!(
        begin("confirm")[..5],
        ["upload 0", "confirm", "(accepted)", "resume", "status"]
    );
}

#[test]
fn an_early_refusal_is_heard_while_sending() {
    let client = Client::new(World {
        refusals: [error("storage_full")].into(),
        ..fair()
    });
    let fault = client.run(|_| {}).unwrap_err();
    assert_eq!((fault.kind(), fault.code()), (Kind::Busy, "storage_full"));
    assert_eq!(
        (fault.to_string(), fault.solution()),
        ("it is storage_full".into(), "do better".into())
    );
    assert_eq!(client.fake.log(), ["upload 0"]);
}

#[test]
fn a_servers_other_offset_is_followed() {
    let mut mismatch = error("offset_mismatch");
    mismatch["have"] = 0.into();
    let client = Client::new(World {
        refusals: [mismatch].into(),
        ..fair()
    });
    // The refused connection is spent, so the next one asks; it knows nothing yet.
    assert_eq!(client.check()[..3], ["upload 0", "resume", "upload 0"]);
}

#[test]
fn digests_that_differ_start_no_job() {
    let client = Client::new(World {
        wrong_digest: true,
        ..fair()
    });
    assert!(matches!(
        client.run(|_| {}),
        Err(Fault::Damaged { what: "the upload" })
    ));
    assert!(!client.fake.log().contains(&"(accepted)".to_owned()));
}

#[test]
fn a_file_that_grows_while_it_is_sent_is_a_clear_error() {
    let client = Client::new(fair());
    let path = client.input();
    let fault = client.run(|event| {
        if let Event::Uploading { .. } = event {
            std::fs::OpenOptions::new()
                .append(true)
                .open(&path)
                .unwrap()
                .write_all(b"more")
                .unwrap();
        }
    });
    assert!(matches!(fault, Err(Fault::InputChanged { .. })));
}

#[test]
fn a_file_that_shrinks_while_it_is_sent_is_a_clear_error() {
    let client = Client::new(fair());
    let path = client.input();
    let fault = client.run(|event| {
        if let Event::Uploading { .. } = event {
            std::fs::OpenOptions::new()
                .write(true)
                .open(&path)
                .unwrap()
                .set_len(1 << 20)
                .unwrap();
        }
    });
    assert!(matches!(fault, Err(Fault::InputChanged { .. })));
}

#[test]
fn inputs_that_cannot_be_sent_are_refused_before_anything_is() {
    let client = Client::new(fair());
    let reason = |path| {
        let mut place = crate::Place(client.dir.path().into());
        let sent = client.session().run(
            &crate::compress(),
            path,
            &mut place,
            &mut kinora_client::Blind,
        );
        sent.unwrap_err().to_string()
    };
    let empty = client.dir.path().join("empty.mp4");
    std::fs::write(&empty, "").unwrap();
    assert!(reason(&empty).ends_with("it is empty"));
    assert!(reason(client.dir.path()).ends_with("it is not a regular file"));
    assert!(reason(&client.dir.path().join("none")).contains("No such file"));
    assert!(client.fake.log().is_empty());
}

#[test]
fn nobody_there_is_said_at_once() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut client = Client::new(fair());
    client.fake.address = free.to_string();
    client.timing.retry.first = Duration::from_secs(3600);
    let fault = client.run(|_| {}).unwrap_err();
    assert_eq!(
        (fault.kind(), fault.to_string()),
        (
            Kind::Connection,
            format!("cannot reach {free}: connection refused")
        )
    );
}

#[test]
fn somebody_else_there_is_recognised() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = Client::new(fair());
    client.fake.address = listener.local_addr().unwrap().to_string();
    client.timing = Timing {
        patience: Duration::from_secs(5),
        ..quick()
    };
    let other = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream
            .write_all(b"\x00\x05\x00\x00\x00\x00\x00\x00hello")
            .unwrap();
        std::io::copy(&mut stream, &mut std::io::sink()).ok();
    });
    assert!(matches!(client.run(|_| {}), Err(Fault::Strange { .. })));
    other.join().unwrap();
}

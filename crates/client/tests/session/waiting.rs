//! Between upload and download.

use crate::fake::{World, error};
use crate::{Client, fair, state};
use kinora_client::{Event, Fault, Kind};
use serde_json::json;
use std::time::Duration;

#[test]
fn a_watching_connection_that_breaks_is_made_again() {
    let client = Client::new(World {
        swallow: ["status", "status"].into(),
        ..fair()
    });
    let log = client.check();
    assert_eq!(log.iter().filter(|line| *line == "status").count(), 3);
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let client = Client::new(World {
        swallow: ["status"; 9].into(),
        ..fair()
    });
    assert!(matches!(client.run(|_| {}), Err(Fault::Lost { .. })));
}

#[test]
fn silence_is_asked_into_every_check_interval() {
    let mut client = Client::new(World {
        states: vec![state("queued")],
        silent: true,
        ..fair()
    });
    client.timing.check_interval = Duration::from_millis(20);
    let fake = client.fake.clone();
    let mut told = 0;
    client
        .run(|event| {
            assert!(!matches!(event, Event::Lost { .. }), "silence is no loss");
            if let Event::State(_) = event {
                told += 1;
                if told == 3 {
                    fake.world().states = vec![state("completed")];
                }
            }
        })
        .unwrap();
    assert_eq!(told, 4);
}

#[test]
fn a_failed_job_says_why() {
    let mut failed = state("failed");
    failed["error"] = json!({"code": "no_video", "description": "there is no picture", "solution": "send another"});
    let client = Client::new(World {
        states: vec![failed],
        ..fair()
    });
    let fault = client.run(|_| {}).unwrap_err();
    assert_eq!((fault.kind(), fault.code()), (Kind::Failed, "no_video"));
    assert_eq!(fault.solution(), "send another");
}

#[test]
fn ends_without_a_reason_have_one_here() {
    for status in ["cancelled", "expired", "failed"] {
        let client = Client::new(World {
            states: vec![state(status)],
            ..fair()
        });
        let fault = client.run(|_| {}).unwrap_err();
        assert_eq!((fault.kind(), fault.code()), (Kind::Failed, status));
    }
}

#[test]
fn patience_that_ends_leaves_the_job_alone() {
    let mut client = Client::new(World {
        states: vec![state("processing")],
        silent: true,
        ..fair()
    });
    client.timing.max_wait = Some(Duration::from_millis(50));
    let fault = client.run(|_| {}).unwrap_err();
    assert!(matches!(&fault, Fault::TimedOut { task_id, .. } if task_id == "t1"));
    assert!(!client.fake.log().contains(&"cancel".to_owned()));
}

#[test]
fn an_interruption_cancels_the_job() {
    let client = Client::new(World {
        states: vec![state("processing")],
        silent: true,
        ..fair()
    });
    let cancel = client.cancel.clone();
    let fault = client.run(|event| {
        if let Event::State(_) = event {
            cancel.set();
        }
    });
    assert!(matches!(
        fault,
        Err(Fault::Interrupted {
            cancelled: true,
            task_id: Some(_)
        })
    ));
    assert_eq!(client.fake.log().last().unwrap(), "cancel");
}

#[test]
fn an_interruption_of_the_upload_stops_it() {
    let client = Client::new(fair());
    let cancel = client.cancel.clone();
    let fault = client.run(|event| {
        if let Event::Uploading { .. } = event {
            cancel.set();
        }
    });
    assert!(matches!(
        fault,
        Err(Fault::Interrupted { task_id: None, .. })
    ));
}

#[test]
fn an_interruption_between_confirmation_and_answer_leaves_no_job() {
    let client = Client::new(World {
        swallow: ["confirm"].into(),
        ..fair()
    });
    let cancel = client.cancel.clone();
    let fault = client.run(|event| {
        if let Event::Lost { .. } = event {
            cancel.set();
        }
    });
    assert!(matches!(
        fault,
        Err(Fault::Interrupted {
            cancelled: true,
            ..
        })
    ));
    let log = client.fake.log();
    assert_eq!(log[log.len() - 2..], ["resume", "cancel"]);
}

#[test]
fn the_small_questions() {
    let client = Client::new(fair());
    assert_eq!(client.session().status("t1").unwrap().status, "completed");
    assert_eq!(client.session().cancel("t1").unwrap(), "cancelled");
    client.fake.world().states = vec![error("unknown_task")];
    let fault = client.session().status("t1").unwrap_err();
    assert_eq!(
        (fault.kind(), fault.code()),
        (Kind::Refused, "unknown_task")
    );
}

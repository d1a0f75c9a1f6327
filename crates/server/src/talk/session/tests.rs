//! How a device of somebody is removed, and what becomes of its connection.

use super::*;
use crate::config::TalkConfig;
use crate::talk::ParcelParts;
use kinora_store::files;
use kinora_store::sqlite::{Database, PostOffice};
use kinora_talk::certificate::{Device as Named, Identity};
use kinora_talk::frame::{People, Tell};
use std::path::Path;

fn talk(place: &Path) -> Arc<Talk> {
    let post = Arc::new(PostOffice::open(&place.join("talk.db")).unwrap());
    let parts = ParcelParts {
        records: Arc::clone(&post) as _,
        depot: Arc::new(files::Depot::open(place).unwrap()),
        config: TalkConfig::default(),
        jobs: Arc::new(Database::open(&place.join("kinora.db")).unwrap()),
        ceiling: 1 << 30,
        upload_keep_s: 100,
        margin: 0,
    };
    Talk::start(post, parts).unwrap()
}

fn identity(name: &str) -> Identity {
    Identity::new(&[name.as_bytes()[0]; 32])
}

fn named(name: &str, id: u8) -> Named {
    Named {
        name: Name::new(name).unwrap(),
        id: DeviceId([id; 16]),
        label: "laptop".into(),
        leaf_key: Identity::new(&[id; 32]).public().0,
        issued_at: 1,
    }
}

fn tells(answer: &Answer) -> Vec<Tell> {
    let frames = answer.say.iter();
    frames
        .map(|frame| Tell::from_bytes(frame).unwrap())
        .collect()
}

/// The code of a refusal, or the name of what was said instead.
fn code(answer: &Answer) -> String {
    match tells(answer).first() {
        Some(Tell::Refused(refused)) => refused.code.to_string(),
        other => format!("{other:?}").chars().take(7).collect(),
    }
}

fn begin(talk: &Arc<Talk>) -> (Session, [u8; 32]) {
    let caller = Caller {
        host: "here".into(),
        client: None,
    };
    let (session, challenge) = Session::new(Arc::clone(talk), caller).unwrap();
    let Ok(Tell::Challenge(challenge)) = Tell::from_bytes(&challenge) else {
        panic!("a challenge comes first");
    };
    (session, challenge.nonce.0)
}

async fn register(talk: &Arc<Talk>, name: &str, id: u8) -> (Session, Answer) {
    let (mut session, nonce) = begin(talk);
    let identity = identity(name);
    let certificate = identity.certify(named(name, id)).unwrap();
    let signed = proof::registration(&nonce, "here", &certificate);
    let ask = Register {
        identity: identity.public(),
        certificate: Bounded::new(certificate.to_bytes()).unwrap(),
        proof: Fixed(identity.sign(&signed)),
    };
    let answer = session.hear(&Ask::from(ask).to_bytes()).await;
    (session, answer)
}

async fn login(talk: &Arc<Talk>, id: u8) -> Answer {
    let (mut session, nonce) = begin(talk);
    let device = DeviceId([id; 16]);
    let signed = proof::login(&nonce, "here", device);
    let proof = Fixed(Identity::new(&[id; 32]).sign(&signed));
    let ask = Ask::from(Login { device, proof });
    session.hear(&ask.to_bytes()).await
}

async fn remove(session: &mut Session, removal: Vec<u8>) -> String {
    let ask = Remove {
        reference: Fixed([1; 16]),
        removal: Bounded::new(removal).unwrap(),
    };
    code(&session.hear(&Ask::from(ask).to_bytes()).await)
}

fn removal(by: &str, name: &str, id: u8) -> Vec<u8> {
    Removal::new(&identity(by), &named(name, id), 2).to_bytes()
}

/// What the directory shows of somebody: how many devices, how many removals.
async fn listed(session: &mut Session, name: &str) -> (usize, usize) {
    session
        .hear(&Ask::from(kinora_talk::frame::Look {}).to_bytes())
        .await;
    loop {
        let due = session.due().await;
        let page = tells(&session.attend(due).await);
        if let Some(Tell::People(People { people, .. })) = page.first() {
            let person = people
                .iter()
                .find(|each| each.name.as_str() == name)
                .unwrap();
            return (person.certificates.len(), person.removals.len());
        }
    }
}

/// When it comes in, and when it can be let into conversations.
#[tokio::test]
async fn a_new_device_is_announced_twice() {
    let place = tempfile::tempdir().unwrap();
    let talk = talk(place.path());
    let (mut asha, _) = register(&talk, "asha", 1).await;
    assert_eq!(talk.hub.changes().renewed, ["asha"]);
    let packages = [vec![1; 8], vec![2; 8]].map(|bytes| Bounded::new(bytes).unwrap());
    let publish = Ask::from(Publish {
        packages: Few::new(packages.into()).unwrap(),
        last_resort: None,
    });
    for expected in [vec!["asha"], vec![]] {
        asha.hear(&publish.to_bytes()).await;
        assert_eq!(talk.hub.changes().renewed, expected);
    }
}

#[tokio::test]
async fn the_identity_alone_removes_a_device_and_then_it_is_out() {
    let place = tempfile::tempdir().unwrap();
    let talk = talk(place.path());
    let (mut asha, _) = register(&talk, "asha", 1).await;
    let (mut second, _) = register(&talk, "asha", 2).await;
    let (mut ravi, _) = register(&talk, "ravi", 3).await;
    for (bytes, expected) in [
        (removal("ravi", "asha", 2), "removal_forged"),
        (removal("ravi", "ravi", 3), "removal_forged"),
        (removal("asha", "asha", 9), "no_such_device"),
        (removal("asha", "asha", 3), "no_such_device"),
        (vec![1, 2, 3], "removal_damaged"),
    ] {
        assert_eq!(remove(&mut asha, bytes).await, expected);
    }
    assert_eq!(listed(&mut ravi, "asha").await, (2, 0));
    for _ in 0..2 {
        let done = remove(&mut asha, removal("asha", "asha", 2)).await;
        assert_eq!(done, "Some(Re", "it is done, and so is a repetition");
    }
    assert_eq!(listed(&mut ravi, "asha").await, (1, 1));

    let last = loop {
        let due = second.due().await;
        let answer = second.attend(due).await;
        if answer.close.is_some() {
            break answer;
        }
    };
    assert_eq!(
        (code(&last).as_str(), last.close),
        ("device_removed", Some(4401))
    );
    assert_eq!(code(&login(&talk, 2).await), "device_removed");
    let (_, again) = register(&talk, "asha", 2).await;
    assert_eq!(
        (code(&again).as_str(), again.close),
        ("device_removed", Some(4401))
    );
    assert_eq!(code(&login(&talk, 1).await), "Some(Re");
    assert_eq!(code(&login(&talk, 9).await), "unknown_device");
}

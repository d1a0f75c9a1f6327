//! One connection: a challenge, a login, and then frames both ways.

use super::delivery::Delivery;
use super::hub::{Pass, Presence, frame};
use super::limits::{IN_FLIGHT, PACKAGES, PAGE_PEOPLE};
use super::refusal::{closing, device_removed, of_fault, of_store, of_talk, refused, slower};
use super::requests;
use super::service::{Talk, now_s};
use super::writer::{Answered, Order};
use crate::fault::Fault;
use bytes::Bytes;
use kinora_store::post::{
    Act, Change, Device, DeviceRemoval, NewDevice, Outcome, Registered, Removed as Done, Seat,
};
use kinora_talk::certificate::{Certificate, DeviceId, IdentityKey};
use kinora_talk::field::{Bytes as Bounded, Few, Fixed, Reference, Text};
use kinora_talk::frame::{
    Ask, Challenge, Claim, Claimed, Login, Package, Publish, Published, Ready, Refused, Register,
    Remove, Removed, Signal, Taken,
};
use kinora_talk::limits::{DEVICES_EVER_MAX, DEVICES_MAX, PACKAGE_KEEP_S};
use kinora_talk::name::Name;
use kinora_talk::proof;
use kinora_talk::removal::Removal;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

/// Who is at the other end, as far as the connection itself tells.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The name under which this server was called, in lower case.
    pub(crate) host: String,
    /// What counts as one client; none for this machine, which is not held to rates.
    pub(crate) client: Option<String>,
}

/// What goes out, and whether it is the last.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) say: Vec<Bytes>,
    pub(crate) close: Option<u16>,
}

impl Answer {
    fn say(frame: Bytes) -> Self {
        Self {
            say: vec![frame],
            close: None,
        }
    }

    fn close(code: u16) -> Self {
        Self {
            say: Vec::new(),
            close: Some(code),
        }
    }
}

impl From<Refused> for Answer {
    fn from(refused: Refused) -> Self {
        Self {
            close: closing(&refused.code),
            say: vec![frame(refused)],
        }
    }
}

/// Something that is to be done without having been asked.
#[derive(Debug)]
pub(crate) enum Due {
    Answered(Box<Answered>),
    Deliver,
    Page,
    News(Result<Bytes, RecvError>),
    Signals,
    Replaced,
    Removed,
}

/// One connection.
pub(crate) struct Session {
    talk: Arc<Talk>,
    caller: Caller,
    nonce: [u8; 32],
    here: Option<Here>,
}

/// A device that is logged in.
struct Here {
    seat: Seat,
    name: Name,
    presence: Presence,
    delivery: Delivery,
    // A channel has room for 32 from the beginning, in each connection.
    answer: mpsc::Sender<Box<Answered>>,
    answers: mpsc::Receiver<Box<Answered>>,
    /// Changes whose answers have not come.
    in_flight: usize,
    /// It has asked for the directory, and is told of changes from then on: before, one of them could be taken for all.
    is_told: bool,
    /// The directory is being told, and so far up to this name.
    looked: Option<String>,
    /// It has left no package yet, so nobody can let it in.
    has_none: bool,
}

impl Session {
    /// A connection that has just been made, and what it is told first.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub(crate) fn new(talk: Arc<Talk>, caller: Caller) -> Result<(Self, Bytes), String> {
        let mut nonce = [0; 32];
        getrandom::fill(&mut nonce).map_err(|error| error.to_string())?;
        let challenge = Challenge {
            nonce: Fixed(nonce),
            host: Text::cut(&caller.host),
            now_s: now_s(),
        };
        let session = Self {
            talk,
            caller,
            nonce,
            here: None,
        };
        Ok((session, frame(challenge)))
    }

    /// It is logged in.
    pub(crate) fn is_here(&self) -> bool {
        self.here.is_some()
    }

    /// More may be read: not too much of it waits for the disk.
    pub(crate) fn is_listening(&self) -> bool {
        self.here
            .as_ref()
            .is_none_or(|here| here.in_flight < IN_FLIGHT)
    }

    /// Waits for something that is due. Nothing is lost when it is dropped meanwhile.
    pub(crate) async fn due(&mut self) -> Due {
        let Some(here) = &mut self.here else {
            return std::future::pending().await;
        };
        if here.looked.is_some() {
            return Due::Page;
        }
        if here.delivery.is_due() {
            return Due::Deliver;
        }
        let place = Arc::clone(&here.presence.place);
        tokio::select! {
            Some(answered) = here.answers.recv() => Due::Answered(answered),
            () = place.wake.notified() => {
                here.delivery.wake();
                Due::Deliver
            }
            () = place.replaced.notified() => Due::Replaced,
            () = place.removed.notified() => Due::Removed,
            () = place.signalled.notified() => Due::Signals,
            news = here.presence.news.recv(), if here.is_told => Due::News(news),
        }
    }

    /// Does what is due.
    pub(crate) async fn attend(&mut self, due: Due) -> Answer {
        let Some(here) = &mut self.here else {
            return Answer::default();
        };
        match due {
            Due::Answered(first) => here.answers(*first),
            Due::Deliver if !here.delivery.is_due() => Answer::default(),
            Due::Deliver => match here.delivery.next(&self.talk, &here.presence.place).await {
                Ok(say) => Answer { say, close: None },
                // Internal error: what waits is still there, and comes with the next connection.
                Err(_) => Answer::close(1011),
            },
            Due::Page => here.page(&self.talk).await,
            Due::News(Ok(news)) => Answer::say(news),
            // It was too slow for all of it.
            Due::News(Err(_)) => {
                here.looked = Some(String::new());
                Answer::default()
            }
            Due::Signals => Answer {
                say: here.presence.place.signals().into(),
                close: None,
            },
            Due::Replaced => Answer::close(4410),
            Due::Removed => device_removed().into(),
        }
    }

    /// Takes a frame.
    pub(crate) async fn hear(&mut self, bytes: &[u8]) -> Answer {
        let ask = match Ask::from_bytes(bytes) {
            Ok(ask) => ask,
            Err(fault) => return of_talk(&fault).into(),
        };
        let (Some(here), talk) = (&mut self.here, &self.talk) else {
            return match ask {
                Ask::Register(register) => self.register(register).await,
                Ask::Login(login) => self.login(login).await,
                Ask::Bye(_) => Answer::close(1000),
                _ => refused(
                    "login_required",
                    "this connection is not logged in",
                    "answer the challenge first, with Register or Login",
                )
                .into(),
            };
        };
        match ask {
            Ask::Register(_) | Ask::Login(_) => {
                refused("bad_frame", "a connection logs in once", "make another one").into()
            }
            Ask::Publish(publish) => here.publish(talk, publish).await,
            Ask::Claim(claim) => here.claim(talk, claim).await,
            Ask::Open(ask) => {
                let reference = ask.reference;
                here.order(talk, reference, requests::open(here.seat, ask))
                    .await
            }
            Ask::Commit(ask) => {
                let reference = ask.reference;
                here.order(talk, reference, requests::commit(here.seat, ask))
                    .await
            }
            Ask::Send(ask) => {
                let reference = ask.reference;
                let is_bound = self.caller.client.is_some();
                if is_bound && let Err(s) = talk.sends.take(&here.seat, Instant::now()) {
                    let words = "this device sends too many messages in too short a time";
                    return slower("too_fast", words, s, Some(reference)).into();
                }
                here.order(talk, reference, requests::send(here.seat, ask))
                    .await
            }
            Ask::Ack(ack) => {
                here.delivery.acknowledge(ack.number);
                let change = Change {
                    seat: here.seat,
                    step: ack.step,
                    act: Act::Ack(ack.number),
                };
                let answer = None;
                talk.writer.order(Order { change, answer }).await;
                Answer::default()
            }
            Ask::Signal(signal) => {
                if talk.signalled.take(&here.seat, Instant::now()).is_ok() {
                    let peer = here.name.clone();
                    let bytes = signal.bytes;
                    let passed = frame(Signal { peer, bytes });
                    talk.hub.signal(signal.peer.as_str(), &passed);
                }
                Answer::default()
            }
            Ask::Look(_) => {
                if !here.is_told {
                    here.is_told = true;
                    here.presence.listen();
                }
                here.looked = Some(String::new());
                Answer::default()
            }
            Ask::Remove(remove) => here.remove(talk, remove).await,
            Ask::Bye(_) => Answer::close(1000),
        }
    }

    async fn register(&mut self, register: Register) -> Answer {
        let certificate = match Certificate::from_bytes(&register.certificate) {
            Ok(certificate) => certificate,
            Err(fault) => return of_talk(&fault).into(),
        };
        if !certificate.is_signed_by(&register.identity) {
            return refused(
                "certificate_forged",
                "the device's certificate is not of this identity",
                "register the device with the identity that certified it",
            )
            .into();
        }
        let signed = proof::registration(&self.nonce, &self.caller.host, &certificate);
        if !proof::is_signed(&register.identity.0, &signed, &register.proof.0) {
            return self.wrong_proof();
        }
        if let Some(client) = &self.caller.client
            && let Err(s) = self.talk.names.take(client, Instant::now())
        {
            let words = "too many names were registered from this address";
            return slower("too_many_names", words, s, None).into();
        }
        let device = &certificate.device;
        let new = NewDevice {
            name: device.name.as_str().to_owned(),
            skeleton: device.name.skeleton(),
            identity: register.identity.0,
            id: device.id.0,
            certificate: register.certificate.into_inner(),
        };
        let done = self
            .talk
            .blocking(move |talk| Ok(talk.post.register(&new, DEVICES_MAX, DEVICES_EVER_MAX)?));
        match done.await {
            Ok(Registered::New(found)) => {
                self.talk.hub.renew(device.name.as_str());
                self.enter(found)
            }
            Ok(Registered::Known(found)) => self.enter(found),
            Ok(Registered::NameTaken) => name_taken(&device.name).into(),
            Ok(Registered::DeviceTaken) => refused(
                "device_taken",
                "another device has this id",
                "make a new device; nothing of the other one was changed",
            )
            .into(),
            Ok(Registered::DeviceRemoved) => device_removed().into(),
            Ok(Registered::TooManyDevices) => refused(
                "too_many_devices",
                "this person has sixteen devices already, or sixty-four with those that were removed",
                "use one of them, or remove one that is used no more (kinora chat devices)",
            )
            .into(),
            Err(fault) => of_fault(&fault, None).into(),
        }
    }

    async fn login(&mut self, login: Login) -> Answer {
        let DeviceId(id) = login.device;
        let found = self.talk.blocking(move |talk| {
            let found = talk.post.device(&id)?;
            Ok((found.is_none() && talk.post.is_removed(&id)?, found))
        });
        let found = match found.await {
            Ok((_, Some(found))) => found,
            Ok((true, None)) => return device_removed().into(),
            Ok((false, None)) => {
                return refused(
                    "unknown_device",
                    "this device is not registered here",
                    "register it; if it was before, this server was set up anew",
                )
                .into();
            }
            Err(fault) => return of_fault(&fault, None).into(),
        };
        let key = Certificate::from_bytes(&found.certificate).map(|kept| kept.device.leaf_key);
        let signed = proof::login(&self.nonce, &self.caller.host, login.device);
        match key {
            Ok(key) if proof::is_signed(&key, &signed, &login.proof.0) => self.enter(found),
            _ => self.wrong_proof(),
        }
    }

    fn wrong_proof(&self) -> Answer {
        let host = &self.caller.host;
        let description =
            format!("the proof is not good for this server, which was called {host:?}");
        refused(
            "wrong_proof",
            &description,
            "if a proxy stands between, it has to pass the Host field on as it is",
        )
        .into()
    }

    fn enter(&mut self, device: Device) -> Answer {
        let Ok(name) = Name::folded(&device.name) else {
            return Answer::close(1011);
        };
        let Some(pass) = Pass::random() else {
            return Answer::close(1011);
        };
        let (answer, answers) = mpsc::channel(IN_FLIGHT);
        let ready = Ready {
            name: name.clone(),
            packages: device.packages,
            has_last_resort: device.has_last_resort,
            first: device.first,
            last: device.last,
            step: device.step,
            pass: Some(Fixed(pass.0)),
        };
        self.here = Some(Here {
            seat: device.seat,
            presence: self.talk.hub.enter(device.seat, &device.name, pass),
            delivery: Delivery::from(device.seat, device.first),
            name,
            answer,
            answers,
            in_flight: 0,
            is_told: false,
            looked: None,
            has_none: device.packages == 0 && !device.has_last_resort,
        });
        Answer::say(frame(ready))
    }
}

impl Here {
    /// Hands a change to the writer.
    async fn order(&mut self, talk: &Arc<Talk>, reference: Reference, change: Change) -> Answer {
        let answer = Some((self.name.clone(), reference, self.answer.clone()));
        match talk.writer.order(Order { change, answer }).await {
            true => {
                self.in_flight += 1;
                Answer::default()
            }
            false => Answer::close(1012),
        }
    }

    /// This one, and all others that are there by now: who writes several messages at once gets their answers at once.
    fn answers(&mut self, first: Answered) -> Answer {
        let mut all = Answer::default();
        let mut next = Some(first);
        while let Some((reference, outcome)) = next {
            self.in_flight -= 1;
            let each = answered(reference, outcome);
            all.say.extend(each.say);
            all.close = all.close.or(each.close);
            next = self.answers.try_recv().ok().map(|answered| *answered);
        }
        all
    }

    async fn publish(&mut self, talk: &Arc<Talk>, publish: Publish) -> Answer {
        let seat = self.seat;
        let packages = publish.packages.into_inner().into_iter();
        let packages: Vec<Vec<u8>> = packages.map(Bounded::into_inner).collect();
        let last = publish.last_resort.map(Bounded::into_inner);
        let done = talk.blocking(move |talk| {
            let expires_s = now_s() + PACKAGE_KEEP_S;
            let last = last.as_deref();
            Ok(talk
                .post
                .publish(seat, &packages, last, expires_s, PACKAGES)?)
        });
        match done.await {
            Ok(packages) => {
                // Who tried to let it in when it was announced found none.
                if std::mem::take(&mut self.has_none) {
                    talk.hub.renew(self.name.as_str());
                }
                Answer::say(frame(Published { packages }))
            }
            Err(fault) => of_fault(&fault, None).into(),
        }
    }

    async fn claim(&mut self, talk: &Arc<Talk>, claim: Claim) -> Answer {
        let (seat, reference) = (self.seat, claim.reference);
        let name = claim.name.as_str().to_owned();
        let key = (self.name.as_str().to_owned(), name.clone());
        let now = Instant::now();
        let passed = talk.claims.take(&key, now);
        if let Err(s) = passed.and_then(|()| talk.claims_a_day.take(&key, now)) {
            let words = "too many key packages of this person were asked for";
            return slower("too_many_claims", words, s, Some(reference)).into();
        }
        let found = talk.blocking(move |talk| Ok(talk.post.claim(&name, seat, now_s())?));
        match found.await {
            Ok(Some(found)) => {
                let packages = found.into_iter().filter_map(|package| {
                    Some(Package {
                        device: DeviceId(package.device),
                        bytes: Bounded::new(package.bytes).ok()?,
                    })
                });
                let packages = Few::new(packages.collect()).unwrap_or_default();
                Answer::say(frame(Claimed {
                    reference,
                    packages,
                }))
            }
            Ok(None) => of_store(kinora_store::post::Refusal::UnknownPeer, reference).into(),
            Err(fault) => of_fault(&fault, Some(reference)).into(),
        }
    }

    /// Takes a device of this person out for good, if the identity says so.
    async fn remove(&mut self, talk: &Arc<Talk>, remove: Remove) -> Answer {
        let reference = remove.reference;
        let removal = match Removal::from_bytes(&remove.removal) {
            Ok(removal) if removal.name == self.name => removal,
            Ok(_) => return forged(reference).into(),
            Err(fault) => {
                let refused = of_talk(&fault);
                return Refused {
                    reference: Some(reference),
                    ..refused
                }
                .into();
            }
        };
        let name = self.name.as_str().to_owned();
        let done = talk.blocking(move |talk| {
            let person = talk.post.person(&name)?;
            let is_signed =
                person.is_some_and(|person| removal.is_signed_by(&IdentityKey(person.identity)));
            if !is_signed {
                return Ok(None);
            }
            Ok(Some(talk.post.remove(&DeviceRemoval {
                name,
                id: removal.id.0,
                bytes: remove.removal.into_inner(),
            })?))
        });
        match done.await {
            Ok(Some(Done::Unknown)) => Refused {
                reference: Some(reference),
                ..refused(
                    "no_such_device",
                    "you have no such device",
                    "look at the list of your devices (kinora chat devices)",
                )
            }
            .into(),
            Ok(None) => forged(reference).into(),
            Ok(Some(done)) => {
                if let Done::Now(seat) = done {
                    talk.hub.remove(seat);
                    talk.hub.renew(self.name.as_str());
                }
                Answer::say(frame(Removed { reference }))
            }
            Err(fault) => of_fault(&fault, Some(reference)).into(),
        }
    }

    /// The next part of the directory.
    async fn page(&mut self, talk: &Arc<Talk>) -> Answer {
        let after = self.looked.take().unwrap_or_default();
        // One more than fits tells whether there is more.
        let found = talk.blocking(move |talk| Ok(talk.post.people(&after, PAGE_PEOPLE + 1)?));
        let mut people = match found.await {
            Ok(people) => people,
            Err(fault) => return of_fault(&fault, None).into(),
        };
        let has_more = people.len() > PAGE_PEOPLE;
        people.truncate(PAGE_PEOPLE);
        let last = people.last().map(|person| person.name.clone());
        self.looked = last.filter(|_| has_more);
        Answer::say(talk.page(people, has_more))
    }
}

fn answered(reference: Reference, outcome: Result<Outcome, Fault>) -> Answer {
    match outcome {
        Ok(Outcome::Taken { behind, at_ms, .. }) => Answer::say(frame(Taken {
            reference,
            behind,
            at_ms,
        })),
        Ok(Outcome::Refused(refusal)) => of_store(refusal, reference).into(),
        Ok(Outcome::Acked) => Answer::default(),
        Err(fault) => of_fault(&fault, Some(reference)).into(),
    }
}

fn forged(reference: Reference) -> Refused {
    Refused {
        reference: Some(reference),
        ..refused(
            "removal_forged",
            "the removal of a device is not signed by the identity of this name",
            "remove it on a device that has your identity",
        )
    }
}

fn name_taken(name: &Name) -> Refused {
    let description = format!(
        "{:?}, or a name that looks like it, belongs to somebody else",
        name.as_str()
    );
    refused(
        "name_taken",
        &description,
        "pick another name; if it is yours, use the device on which you registered it",
    )
}

#[cfg(test)]
mod tests;

//! A server of the smallest kind that keeps its promises, and devices that lose their connections and crash.
//!
//! A connection is two lists of frames in order. When it is cut, what is on its way in both is gone; what the server has
//! taken it keeps, and a repeated request gets the answer that it got before.

use crate::Fault;
use crate::talk::core::Core;
use crate::talk::event::{Arrival, Event};
use crate::talk::store::fuse::Fuse;
use kinora_chat::Name;
use kinora_chat::certificate::{Certificate, DeviceId, Identity, IdentityKey};
use kinora_chat::payload::Content;
use kinora_talk::field::{Bytes, Few, Fixed, Reference, Text};
use kinora_talk::frame::{
    Ask, Challenge, Claimed, Deliver, Envelope, Kind, Package, PackageBytes, People, Person,
    Published, Ready, Refused, Remove, Removed, Signal, Taken, Tell,
};
use kinora_talk::limits::GRACE_EPOCHS;
use kinora_talk::removal::Removal;
use std::collections::{BTreeMap, VecDeque};
use std::time::{SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

pub(super) const HOST: &str = "server:1";

/// A device as the server has it.
struct Kept {
    name: Name,
    certificate: Vec<u8>,
    packages: VecDeque<PackageBytes>,
    last_resort: Option<PackageBytes>,
    queue: Vec<Deliver>,
    acked: u64,
    step: u64,
}

/// A device as its user has it.
pub(super) struct Seat {
    pub(super) core: Core,
    pub(super) place: TempDir,
    pub(super) id: DeviceId,
    is_connected: bool,
    /// It was removed, and is let in no more.
    is_out: bool,
    /// The server has let it in over this connection.
    is_in: bool,
    /// What is on its way from the server, and to it.
    down: VecDeque<Tell>,
    up: VecDeque<Vec<u8>>,
    /// What the user was shown, in order.
    pub(super) shown: Vec<Arrival>,
    pub(super) events: Vec<Event>,
    pub(super) written: Vec<String>,
    /// When its process ends.
    pub(super) fuse: Option<Fuse>,
}

/// All of them.
pub(super) struct World {
    pub(super) now_ms: u64,
    pub(super) seats: Vec<Seat>,
    kept: BTreeMap<DeviceId, Kept>,
    identities: BTreeMap<Name, IdentityKey>,
    /// So many messages are refused for being too many.
    pub(super) busy: u32,
    /// Who is not in the directory, as if it had not come to know them yet.
    pub(super) hidden: Option<Name>,
    /// It says of this person that they are not here.
    pub(super) away: Option<Name>,
    /// Each pair's group, and its epoch.
    groups: BTreeMap<[Name; 2], ([u8; 32], u64)>,
    answers: BTreeMap<[u8; 16], Tell>,
    /// Removals, each with the certificate that it ended.
    removals: Vec<(Removal, Vec<u8>)>,
    /// It shows removed devices as if nobody had removed them.
    pub(super) withholds: bool,
}

impl Seat {
    pub(super) fn new(place: TempDir, name: Option<&str>, now_ms: u64) -> Self {
        let name = name.map(|name| Name::new(name).unwrap());
        let core = Core::open(place.path(), name.as_ref(), "device", now_ms / 1000).unwrap();
        Self {
            id: core.device(),
            core,
            place,
            is_connected: false,
            is_out: false,
            is_in: false,
            down: VecDeque::new(),
            up: VecDeque::new(),
            shown: Vec::new(),
            events: Vec::new(),
            written: Vec::new(),
            fuse: None,
        }
    }

    /// What is to be told is told; what was shown counts as shown.
    fn tell(&mut self, now_ms: u64) {
        while !self.is_over()
            && let Some(event) = self.core.events.pop_front()
        {
            if let Event::Message(arrival) | Event::Edited(arrival) = &event {
                // What is on a screen whose process ends before it can say so is told again: nobody but the screen knows.
                if self.act(|core| core.shown(arrival, now_ms)) {
                    self.shown.push(arrival.clone());
                }
            }
            self.events.push(event);
        }
        self.up.extend(std::mem::take(&mut self.core.asks));
    }

    /// The device does something. False when its process ended in it, and the last write does not count.
    fn act(&mut self, deed: impl FnOnce(&mut Core) -> Result<(), Fault>) -> bool {
        let core = &mut self.core;
        let (done, fuse) = Fuse::guard(self.fuse, || deed(core));
        self.fuse = fuse;
        match self.is_over() {
            true => fuse.is_some_and(|fuse| fuse.is_after),
            false => done.map(|()| true).unwrap(),
        }
    }

    fn is_over(&self) -> bool {
        self.fuse.is_some_and(Fuse::is_blown)
    }

    pub(super) fn notes(&self) -> Vec<&str> {
        let notes = self.events.iter().filter_map(|event| match event {
            Event::Note { text, .. } => Some(text.as_str()),
            _ => None,
        });
        notes.collect()
    }
}

impl World {
    /// One device for each of these names. Key packages have to be of today, for OpenMLS looks at the system's clock.
    pub(super) fn new(names: &[&str]) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let mut world = Self {
            now_ms: now.as_secs() * 1000,
            seats: Vec::new(),
            kept: BTreeMap::new(),
            identities: BTreeMap::new(),
            busy: 0,
            hidden: None,
            away: None,
            groups: BTreeMap::new(),
            answers: BTreeMap::new(),
            removals: Vec::new(),
            withholds: false,
        };
        for name in names {
            let place = tempfile::tempdir().unwrap();
            world.seats.push(Seat::new(place, Some(name), world.now_ms));
        }
        world.settle();
        world
    }

    pub(super) fn write(&mut self, at: usize, to: &str, text: &str) {
        let content = Content::Text(text.into());
        self.say(at, to, content);
        // A process that ended has not promised anything, unless it is on its disk.
        let seat = &mut self.seats[at];
        let last = seat.core.store.last_own(&Name::new(to).unwrap()).unwrap();
        let is_kept = last.is_some_and(|last| last.text == text);
        seat.written.extend(is_kept.then(|| text.to_owned()));
    }

    pub(super) fn say(&mut self, at: usize, to: &str, content: Content) {
        let (now_ms, reference) = (self.now_ms, super::super::random().unwrap());
        self.seats[at].act(|core| core.say(to, content, reference, now_ms));
        self.told(at);
    }

    /// What a device has to say is told, unless its process has ended.
    fn told(&mut self, at: usize) {
        self.seats[at].tell(self.now_ms);
        if self.seats[at].is_over() {
            self.crash(at);
        }
    }

    /// Lets a device come, if it is away.
    pub(super) fn connect(&mut self, at: usize) {
        let seat = &mut self.seats[at];
        if seat.is_out || std::mem::replace(&mut seat.is_connected, true) {
            return;
        }
        seat.down.push_back(Tell::Challenge(Challenge {
            nonce: Fixed([1; 32]),
            host: Text::cut(HOST),
            now_s: self.now_ms / 1000,
        }));
    }

    /// The connection is gone, with all that was on its way.
    pub(super) fn cut(&mut self, at: usize) {
        let seat = &mut self.seats[at];
        (seat.is_connected, seat.is_in) = (false, false);
        seat.core.disconnected();
        seat.down.clear();
        seat.up.clear();
    }

    /// The process ends without warning: what was not told yet is told by the next one.
    pub(super) fn crash(&mut self, at: usize) {
        self.cut(at);
        let seat = self.seats.remove(at);
        let Seat {
            core,
            place,
            shown,
            events,
            written,
            ..
        } = seat;
        drop(core);
        let seat = Seat::new(place, None, self.now_ms);
        let seat = Seat {
            shown,
            events,
            written,
            ..seat
        };
        self.seats.insert(at, seat);
    }

    /// A frame of the server arrives. False when there is none.
    pub(super) fn hear(&mut self, at: usize) -> bool {
        let is_heard = self.take_in(at);
        self.told(at);
        is_heard
    }

    /// The same, and nobody is told before the process ends.
    pub(super) fn hear_and_crash(&mut self, at: usize) {
        self.take_in(at);
        self.crash(at);
    }

    fn take_in(&mut self, at: usize) -> bool {
        let seat = &mut self.seats[at];
        let Some(tell) = seat.down.pop_front() else {
            return false;
        };
        let now_ms = self.now_ms;
        seat.act(|core| core.hear(tell, HOST, now_ms));
        true
    }

    /// A frame of a device arrives at the server. False when there is none.
    pub(super) fn serve(&mut self, at: usize) -> bool {
        let Some(frame) = self.seats[at].up.pop_front() else {
            return false;
        };
        let ask = Ask::from_bytes(&frame).unwrap();
        for answer in self.answer(at, ask) {
            self.seats[at].down.push_back(answer);
        }
        true
    }

    pub(super) fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
        for at in 0..self.seats.len() {
            let now_ms = self.now_ms;
            self.seats[at].act(|core| core.tick(now_ms));
            self.told(at);
        }
    }

    /// The network is good again, until nothing moves any more.
    pub(super) fn settle(&mut self) {
        let mut quiet = 0;
        for _ in 0..400 {
            let mut moves = false;
            for at in 0..self.seats.len() {
                self.connect(at);
                while self.hear(at) || self.serve(at) {
                    moves = true;
                }
            }
            // Longer than anything waits for: a receipt, a device that could not be let in.
            self.pass(61_000);
            let is_done = self
                .seats
                .iter()
                .all(|seat| seat.is_out || (seat.core.is_done() && seat.up.is_empty()));
            quiet = if moves || !is_done { 0 } else { quiet + 1 };
            if quiet > 1 {
                return;
            }
        }
        panic!("it never comes to rest");
    }

    fn answer(&mut self, at: usize, ask: Ask) -> Vec<Tell> {
        let id = self.seats[at].id;
        match ask {
            Ask::Register(register) => {
                let certificate = Certificate::from_bytes(&register.certificate).unwrap();
                let name = certificate.device.name;
                self.identities.insert(name.clone(), register.identity);
                let kept = Kept {
                    name,
                    certificate: register.certificate.to_vec(),
                    packages: VecDeque::new(),
                    last_resort: None,
                    queue: Vec::new(),
                    acked: 0,
                    step: 0,
                };
                self.kept.entry(id).or_insert(kept);
                let all = self.people();
                for other in (0..self.seats.len()).filter(|other| *other != at) {
                    self.push(other, Tell::People(all.clone()));
                }
                self.ready(at)
            }
            Ask::Login(_) => self.ready(at),
            Ask::Publish(publish) => {
                let kept = self.kept.get_mut(&id).unwrap();
                let had_none = kept.packages.is_empty() && kept.last_resort.is_none();
                kept.packages.extend(publish.packages.into_inner());
                kept.last_resort = publish.last_resort.or_else(|| kept.last_resort.take());
                let packages = u32::try_from(kept.packages.len()).unwrap();
                let name = kept.name.to_string();
                let others = (0..self.seats.len()).filter(|other| had_none && *other != at);
                others.for_each(|other| self.news(other, &name));
                vec![Tell::Published(Published { packages })]
            }
            Ask::Look(_) => vec![Tell::People(self.people())],
            Ask::Claim(claim) => {
                let of = self.kept.iter_mut();
                let of = of.filter(|(each, kept)| kept.name == claim.name && **each != id);
                let packages = of.filter_map(|(device, kept)| {
                    let bytes = kept
                        .packages
                        .pop_front()
                        .or_else(|| kept.last_resort.clone())?;
                    let device = *device;
                    Some(Package { device, bytes })
                });
                vec![Tell::Claimed(Claimed {
                    reference: claim.reference,
                    packages: Few::new(packages.collect()).unwrap(),
                })]
            }
            Ask::Open(_) | Ask::Commit(_) | Ask::Send(_) => vec![self.order(id, ask)],
            Ask::Ack(ack) => {
                let kept = self.kept.get_mut(&id).unwrap();
                kept.acked = kept.acked.max(ack.number);
                kept.step = kept.step.max(ack.step);
                Vec::new()
            }
            Ask::Signal(signal) => {
                let passed = Tell::Signal(Signal {
                    peer: self.kept[&id].name.clone(),
                    bytes: signal.bytes,
                });
                for other in 0..self.seats.len() {
                    let kept = self.kept.get(&self.seats[other].id);
                    if kept.is_some_and(|kept| kept.name == signal.peer) {
                        self.push(other, passed.clone());
                    }
                }
                Vec::new()
            }
            Ask::Remove(remove) => self.take_out(at, &remove),
            Ask::Bye(_) => Vec::new(),
        }
    }

    fn take_out(&mut self, at: usize, remove: &Remove) -> Vec<Tell> {
        let reference = remove.reference;
        let removal = Removal::from_bytes(&remove.removal).unwrap();
        self.remove(removal);
        let all = self.people();
        for other in (0..self.seats.len()).filter(|other| *other != at) {
            self.push(other, Tell::People(all.clone()));
        }
        vec![Tell::Removed(Removed { reference })]
    }

    /// A device is none any more, and its connection is gone.
    pub(super) fn remove(&mut self, removal: Removal) {
        assert!(removal.is_signed_by(&self.identities[&removal.name]));
        let gone = self.kept.remove(&removal.id).unwrap();
        let seat = self.seats.iter().position(|seat| seat.id == removal.id);
        if let Some(at) = seat {
            self.cut(at);
            self.seats[at].is_out = true;
        }
        self.removals.push((removal, gone.certificate));
    }

    /// All that ever came for a device.
    pub(super) fn queue(&self, at: usize) -> &[Deliver] {
        &self.kept[&self.seats[at].id].queue
    }

    /// What changes a conversation or its mail: taken once, and answered each time.
    fn order(&mut self, id: DeviceId, ask: Ask) -> Tell {
        let (reference, peer, group) = match &ask {
            Ask::Open(open) => (open.reference, open.peer.clone(), open.group.0),
            Ask::Commit(commit) => (commit.reference, commit.peer.clone(), commit.group.0),
            Ask::Send(send) => (send.reference, send.peer.clone(), send.group.0),
            _ => unreachable!("only these are given here"),
        };
        if matches!(ask, Ask::Send(_)) && self.busy > 0 {
            self.busy -= 1;
            let retry_after_s = Some(1);
            let refused = refusal("too_fast", reference, None);
            return Tell::Refused(Refused {
                retry_after_s,
                ..refused
            });
        }
        if let Some(known) = self.answers.get(&reference.0) {
            return known.clone();
        }
        let mut pair = [self.kept[&id].name.clone(), peer.clone()];
        pair.sort();
        let slot = self.groups.get(&pair).copied();
        let behind = self.kept[&id].queue.len() as u64;
        let refused = |code: &str, epoch| Tell::Refused(refusal(code, reference, epoch));
        let here = |slot: Option<([u8; 32], u64)>| slot.filter(|(each, _)| *each == group);
        match ask {
            Ask::Open(open) => {
                if slot.map(|(each, _)| each) != open.replaces.map(|group| group.0)
                    && slot.is_some()
                {
                    return refused("superseded", None);
                }
                self.groups.insert(pair, (group, 1));
                self.post(id, &peer, Kind::Welcome, group, 1, &open.welcome, |_| true);
            }
            Ask::Commit(commit) => {
                let Some((_, epoch)) = here(slot) else {
                    return refused("no_conversation", None);
                };
                if epoch != commit.epoch {
                    return refused("stale_epoch", Some(epoch));
                }
                self.groups.insert(pair, (group, epoch + 1));
                let is_new = |device: &DeviceId| commit.welcomed.contains(device);
                let sealed = &commit.commit;
                self.post(id, &peer, Kind::Commit, group, epoch, sealed, |id| {
                    !is_new(id)
                });
                if let Some(welcome) = &commit.welcome {
                    self.post(id, &peer, Kind::Welcome, group, epoch + 1, welcome, is_new);
                }
            }
            Ask::Send(send) => {
                let first = send.follows.map(|first| first.0);
                if first.is_some_and(|first| !self.answers.contains_key(&first)) {
                    return refused("out_of_turn", None);
                }
                let Some((_, epoch)) = here(slot) else {
                    return refused("no_conversation", None);
                };
                if send.epoch + GRACE_EPOCHS < epoch {
                    return refused("stale_epoch", Some(epoch));
                }
                let sealed = &send.message;
                self.post(id, &peer, Kind::Message, group, send.epoch, sealed, |_| {
                    true
                });
            }
            _ => {}
        }
        let taken = Tell::Taken(Taken {
            reference,
            behind,
            at_ms: self.now_ms,
        });
        self.answers.insert(reference.0, taken.clone());
        taken
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one envelope")]
    fn post(
        &mut self,
        from: DeviceId,
        peer: &Name,
        kind: Kind,
        group: [u8; 32],
        epoch: u64,
        envelope: &Envelope,
        is_for: impl Fn(&DeviceId) -> bool,
    ) {
        let sender = self.kept[&from].name.clone();
        let mut news = Vec::new();
        for (id, kept) in &mut self.kept {
            let is_theirs = kept.name == *peer || kept.name == sender;
            if *id == from || !is_theirs || !is_for(id) {
                continue;
            }
            let with = if kept.name == sender { peer } else { &sender };
            let deliver = Deliver {
                number: kept.queue.len() as u64 + 1,
                kind,
                from: sender.clone(),
                with: with.clone(),
                group: Fixed(group),
                epoch,
                envelope: envelope.clone(),
                at_ms: self.now_ms,
            };
            kept.queue.push(deliver.clone());
            news.push((*id, deliver));
        }
        for (id, deliver) in news {
            let at = self.seats.iter().position(|seat| seat.id == id);
            if let Some(at) = at {
                self.push(at, Tell::Deliver(deliver));
            }
        }
    }

    /// To a device that has logged in; to others nothing is said before.
    fn push(&mut self, at: usize, tell: Tell) {
        let seat = &mut self.seats[at];
        if seat.is_in {
            seat.down.push_back(tell);
        }
    }

    fn ready(&mut self, at: usize) -> Vec<Tell> {
        self.seats[at].is_in = true;
        let kept = &self.kept[&self.seats[at].id];
        let mut tells = vec![Tell::Ready(Ready {
            name: kept.name.clone(),
            packages: u32::try_from(kept.packages.len()).unwrap(),
            has_last_resort: kept.last_resort.is_some(),
            first: kept.acked + 1,
            last: kept.queue.len() as u64,
            step: kept.step,
            pass: None,
        })];
        let waiting = kept.queue.iter().skip(usize::try_from(kept.acked).unwrap());
        tells.extend(waiting.cloned().map(Tell::Deliver));
        tells
    }

    /// The whole directory as it is now.
    pub(super) fn people(&self) -> People {
        let person = |(name, identity): (&Name, &IdentityKey)| {
            let devices = self.kept.values().filter(|kept| kept.name == *name);
            let certificates = devices.map(|kept| Bytes::new(kept.certificate.clone()).unwrap());
            let removals = self.removals.iter().filter(|(each, _)| each.name == *name);
            let (back, removals): (Vec<_>, Vec<_>) = removals.partition(|_| self.withholds);
            let back = back
                .into_iter()
                .map(|(_, certificate)| Bytes::new(certificate.clone()).unwrap());
            let removals = removals
                .into_iter()
                .map(|(each, _)| Bytes::new(each.to_bytes()).unwrap());
            let certificates = certificates.chain(back);
            Person {
                name: name.clone(),
                identity: *identity,
                certificates: Few::new(certificates.collect()).unwrap(),
                is_here: self.away.as_ref() != Some(name),
                removals: Few::new(removals.collect()).unwrap(),
            }
        };
        let listed = self.identities.iter();
        let listed = listed.filter(|(name, _)| self.hidden.as_ref() != Some(name));
        People {
            people: Few::new(listed.map(person).collect()).unwrap(),
            has_more: false,
        }
    }

    /// Frames of this device that are on their way to the server.
    pub(super) fn under_way(&self, at: usize) -> usize {
        self.seats[at].up.len()
    }

    /// One more person comes, and is connected.
    pub(super) fn join(&mut self, name: &str) -> usize {
        let place = tempfile::tempdir().unwrap();
        self.seats.push(Seat::new(place, Some(name), self.now_ms));
        let at = self.seats.len() - 1;
        self.connect(at);
        self.flow(at);
        at
    }

    /// All that is on its way from and to a device arrives.
    pub(super) fn flow(&mut self, at: usize) {
        while self.hear(at) || self.serve(at) {}
    }

    /// Another key is shown under this name, to everybody but its owner.
    pub(super) fn swap(&mut self, name: &str) {
        self.swap_for(name, [66; 32]);
    }

    /// The same, for the key of this secret.
    pub(super) fn swap_for(&mut self, name: &str, secret: [u8; 32]) {
        let name = Name::new(name).unwrap();
        let other = Identity::new(&secret).public();
        self.identities.insert(name.clone(), other);
        let others = 0..self.seats.len();
        let others = others.filter(|at| *self.seats[*at].core.name() != name);
        others
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(|at| self.news(at, name.as_str()));
    }

    /// This page of a directory comes, whenever it was made.
    pub(super) fn show(&mut self, at: usize, page: People) {
        self.push(at, Tell::People(page));
    }

    /// There is news of this person, and of nobody else.
    pub(super) fn news(&mut self, at: usize, of: &str) {
        let all = self.people().people.into_inner().into_iter();
        let some = all.filter(|person| person.name.as_str() == of);
        let people = Few::new(some.collect()).unwrap();
        let has_more = false;
        self.push(at, Tell::People(People { people, has_more }));
    }
}

fn refusal(code: &str, reference: Reference, epoch: Option<u64>) -> Refused {
    Refused {
        code: Text::cut(code),
        description: Text::cut("it cannot be"),
        solution: Text::cut("wait"),
        reference: Some(reference),
        retry_after_s: None,
        epoch,
    }
}

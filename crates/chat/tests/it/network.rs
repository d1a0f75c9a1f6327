//! Two people with two devices each, over a network that drops, repeats, reorders and delays, and devices that crash.
//!
//! The server is the smallest that keeps its promises: it orders commits by their epoch, numbers what it has for each
//! device, and takes nothing twice.

use kinora_chat::certificate::{Device, DeviceId, Identity};
use kinora_chat::conversation::{Cursor, Ledger, Pace};
use kinora_chat::engine::{Client, Event, Group, Newcomer, Suite};
use kinora_chat::member::{DirectoryView, Entry};
use kinora_chat::payload::{Content, Message, MessageId};
use kinora_chat::{Fault, Name};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

/// Messages of the epoch before the last are still taken: they were on their way.
const GRACE: u64 = 2;

#[derive(Default)]
struct Server {
    epoch: u64,
    queues: [Vec<Vec<u8>>; 4],
    known: HashSet<Vec<u8>>,
}

impl Server {
    /// Takes an envelope, or says that its epoch is over. A repeated one is answered as before.
    fn take(&mut self, from: usize, epoch: u64, is_commit: bool, bytes: &[u8]) -> bool {
        if self.known.contains(bytes) {
            return true;
        }
        let oldest = if is_commit {
            self.epoch
        } else {
            self.epoch.saturating_sub(GRACE)
        };
        if epoch < oldest {
            return false;
        }
        self.epoch += u64::from(is_commit);
        self.known.insert(bytes.to_vec());
        for (_, queue) in self
            .queues
            .iter_mut()
            .enumerate()
            .filter(|(to, _)| *to != from)
        {
            queue.push(bytes.to_vec());
        }
        true
    }
}

struct Seat {
    place: usize,
    client: Client,
    group: Group,
    cursor: Cursor<Vec<u8>>,
    ledger: Ledger,
    pace: Pace,
    written: u64,
    outbox: VecDeque<Vec<u8>>,
    /// What the server said to our commit, still on its way: whether it took it, and behind which number of our queue.
    answer: Option<(bool, u64)>,
    shown: Vec<MessageId>,
}

impl Seat {
    fn new(place: usize, client: Client, group: Group, pace: Pace) -> Self {
        let (cursor, ledger) = (Cursor::after(0), Ledger::default());
        let (outbox, shown) = (VecDeque::new(), Vec::new());
        Self {
            place,
            client,
            group,
            cursor,
            ledger,
            pace,
            written: 0,
            outbox,
            answer: None,
            shown,
        }
    }

    fn write(&mut self, server: &mut Server, now: u64) {
        self.written += 1;
        let text = Content::Text(format!("{} of {}", self.written, self.place));
        let message = Message::new(self.written, now * 1000, None, text);
        self.outbox.push_back(message.to_bytes().unwrap());
        if self.pace.is_due(now) && !self.group.has_pending() {
            let pending = self.group.update(self.client.keys()).unwrap();
            let is_taken = server.take(self.place, pending.epoch, true, &pending.commit);
            self.answer = Some((is_taken, server.queues[self.place].len() as u64));
        }
        self.flush(server, now);
    }

    /// Sends what waits, as far as it can be sent now. Every second answer is lost, and the same bytes go again.
    fn flush(&mut self, server: &mut Server, now: u64) {
        while let Some(payload) = self.outbox.front() {
            if self.group.has_pending() || self.group.epoch() + GRACE < server.epoch {
                return;
            }
            let sealed = self.group.seal(self.client.keys(), payload).unwrap();
            for _ in 0..=self.written % 2 {
                assert!(server.take(self.place, self.group.epoch(), false, &sealed));
            }
            self.outbox.pop_front();
            self.pace.sent(now);
        }
    }

    /// The answer to a commit comes. It counts when all that was taken before it has been read; a refused one stays
    /// pending until the winner's comes.
    fn answered(&mut self, now: u64) {
        let Some((is_taken, behind)) = self.answer else {
            return;
        };
        if is_taken && self.cursor.taken() < behind {
            return;
        }
        self.answer = None;
        if is_taken {
            self.group.confirm().unwrap();
            self.pace.updated(now);
        }
    }

    fn read(&mut self, now: u64) {
        while let Some(bytes) = self.cursor.peek() {
            match self.group.open_message(bytes, &view()) {
                Ok(Event::Message { from, payload }) => self.show(&from, &payload, now),
                Ok(Event::Commit { .. }) => {}
                // Our own commit was taken, and its answer is still on its way.
                Err(Fault::EpochAhead { .. }) if matches!(self.answer, Some((true, _))) => return,
                other => panic!("{other:?}"),
            }
            self.cursor.advance();
        }
    }

    fn show(&mut self, from: &Device, payload: &[u8], now: u64) {
        let message = Message::from_bytes(payload).unwrap();
        let id = MessageId {
            device: from.id,
            counter: message.counter,
        };
        assert!(
            self.ledger.take(id, message.written_at_ms),
            "{id:?} came twice"
        );
        self.shown.push(id);
        self.pace.received(now);
    }

    /// Ends without warning: what was stored comes back, what waited in memory is gone.
    fn crash(&mut self) {
        self.client = Client::import(&self.client.export()).unwrap();
        self.group = Group::import(&self.group.export()).unwrap();
        self.cursor = Cursor::after(self.cursor.taken());
    }

    /// Ends in the midst of reading, before anything of it was stored.
    fn crash_reading(&mut self, now: u64) {
        let (state, cursor) = (self.group.export(), self.cursor.clone());
        let (ledger, pace, shown) = (self.ledger.clone(), self.pace, self.shown.clone());
        self.read(now);
        self.group = Group::import(&state).unwrap();
        (self.cursor, self.ledger, self.pace, self.shown) = (cursor, ledger, pace, shown);
    }
}

fn identity(name: &str) -> Identity {
    Identity::new(&[name.as_bytes()[0]; 32])
}

fn view() -> DirectoryView {
    let devices = |first: u8| BTreeSet::from([DeviceId([first; 16]), DeviceId([first + 1; 16])]);
    let entry = |(name, first): (&str, u8)| {
        let entry = Entry {
            identity: identity(name).public(),
            devices: devices(first),
        };
        (Name::new(name).unwrap(), entry)
    };
    DirectoryView {
        users: BTreeMap::from([("asha", 0), ("ravi", 2)].map(entry)),
    }
}

fn client(place: u8) -> Client {
    let name = if place < 2 { "asha" } else { "ravi" };
    let newcomer = Newcomer::new(Suite::Classic).unwrap();
    let device = Device {
        name: Name::new(name).unwrap(),
        id: DeviceId([place; 16]),
        label: "device".into(),
        leaf_key: newcomer.leaf_key(),
        issued_at: 1,
    };
    newcomer
        .certified(identity(name).certify(device).unwrap())
        .unwrap()
}

#[expect(clippy::disallowed_types, reason = "key packages have to be of today")]
fn today() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap().as_secs()
}

fn seats(now: u64) -> Vec<Seat> {
    let mut clients: Vec<_> = (0..4).map(client).collect();
    let others = clients[1..].iter_mut();
    let packages: Vec<_> = others
        .flat_map(|each| each.key_packages(1, today()).unwrap())
        .collect();
    let (mut group, pending) = clients[0]
        .open([1; 32], &packages, today(), &view())
        .unwrap();
    group.confirm().unwrap();
    let welcome = pending.welcome.unwrap();
    let mut groups = vec![group];
    groups.extend(
        clients[1..]
            .iter_mut()
            .map(|each| each.join(&welcome, &view()).unwrap()),
    );
    let seat = |(place, (client, group))| {
        let pace = if place == 0 {
            Pace::opened(now)
        } else {
            Pace::joined(now)
        };
        Seat::new(place, client, group, pace)
    };
    clients
        .into_iter()
        .zip(groups)
        .enumerate()
        .map(seat)
        .collect()
}

/// Something happens at one device.
#[derive(Clone, Debug)]
enum Act {
    Write,
    /// One envelope comes, of those that did not or of those that did.
    Bring(prop::sample::Index),
    Read,
    Answer,
    Crash,
    CrashReading,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Write),
        8 => any::<prop::sample::Index>().prop_map(Act::Bring),
        4 => Just(Act::Read),
        3 => Just(Act::Answer),
        1 => Just(Act::Crash),
        1 => Just(Act::CrashReading),
    ]
}

fn perform(seat: &mut Seat, server: &mut Server, act: &Act, now: u64) {
    match act {
        Act::Write => seat.write(server, now),
        Act::Bring(which) => {
            let queue = &server.queues[seat.place];
            if !queue.is_empty() {
                let at = which.index(queue.len());
                seat.cursor.offer(at as u64 + 1, queue[at].clone());
            }
        }
        Act::Read => seat.read(now),
        Act::Answer => seat.answered(now),
        Act::Crash => seat.crash(),
        Act::CrashReading => seat.crash_reading(now),
    }
    seat.flush(server, now);
}

/// The network is good again: all that is missing is fetched, until nothing moves.
fn settle(seats: &mut [Seat], server: &mut Server, now: u64) {
    let is_moving = |seats: &[Seat], server: &Server| {
        let waits = |seat: &Seat| {
            !seat.outbox.is_empty() || seat.cursor.taken() < server.queues[seat.place].len() as u64
        };
        seats.iter().any(waits)
    };
    for _ in 0..20 {
        for seat in seats.iter_mut() {
            seat.answered(now);
            for (at, bytes) in server.queues[seat.place].iter().enumerate() {
                seat.cursor.offer(at as u64 + 1, bytes.clone());
            }
            seat.read(now);
            seat.flush(server, now);
        }
        if !is_moving(seats, server) {
            return;
        }
    }
    panic!("it never comes to rest");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_or_shown_twice(acts in prop::collection::vec((0..4usize, act(), 0..400u64), 1..150)) {
        let mut now = 1_000_000;
        let (mut server, mut seats) = (Server { epoch: 1, ..Server::default() }, seats(now));
        for (place, act, passed) in &acts {
            now += passed;
            perform(&mut seats[*place], &mut server, act, now);
        }
        settle(&mut seats, &mut server, now);
        for seat in &seats {
            prop_assert_eq!(seat.group.authenticator(), seats[0].group.authenticator());
            prop_assert_eq!(seat.ledger.gaps(), vec![]);
            for other in seats.iter().filter(|other| other.place != seat.place) {
                let device = other.client.device().id;
                let shown: Vec<_> = seat.shown.iter().filter(|id| id.device == device).map(|id| id.counter).collect();
                prop_assert_eq!(shown, (1..=other.written).collect::<Vec<_>>());
            }
        }
    }
}

//! Many people in one process: WebSockets on one thread, none of which ever blocks.

use super::person::Person;
use anyhow::{Context, Result, bail, ensure};
use kinora_talk::frame::{Ask, Deliver, PROTOCOL, Tell};
use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;
use socket2::{Domain, Socket, Type};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use tungstenite::client::{ClientRequestBuilder, client_with_config};
use tungstenite::handshake::HandshakeError;
use tungstenite::handshake::MidHandshake;
use tungstenite::handshake::client::ClientHandshake;
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Error, Message, WebSocket};

/// Sockets that are on their way in at the same time, while there is no hurry.
const COMING: usize = 256;
/// Events that are taken at once.
const EVENTS: usize = 1024;
/// The first pause of one who was cut off, and the longest: docs/talk.md, "Refusals".
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));

/// What somebody is told.
#[derive(Debug)]
pub(super) enum Told {
    /// Logged in.
    Ready,
    /// A request is on the disk.
    Taken,
    /// Somebody said something.
    Heard(Vec<u8>),
    /// The connection is gone.
    Lost,
}

enum State {
    Away,
    Shaking(MidHandshake<ClientHandshake<TcpStream>>),
    Open(WebSocket<TcpStream>),
    Ready(WebSocket<TcpStream>),
}

struct Seat {
    person: Person,
    state: State,
    /// What has come up to this number is kept.
    number: u64,
    /// And is not acknowledged yet.
    owes: bool,
    failures: u32,
}

/// All of them.
pub(super) struct Crowd {
    at: SocketAddr,
    seats: Vec<Seat>,
    poll: OwnedFd,
    /// Who comes when.
    due: BTreeSet<(Instant, usize)>,
    told: Vec<(usize, Told)>,
    /// Whoever is cut off comes back.
    pub(super) comes_back: bool,
    dice: fastrand::Rng,
}

impl Crowd {
    /// So many, none of whom has come.
    pub(super) fn new(at: SocketAddr, count: usize) -> Result<Self> {
        let seat = |number| -> Result<Seat> {
            Ok(Seat {
                person: Person::new(number)?,
                state: State::Away,
                number: 0,
                owes: false,
                failures: 0,
            })
        };
        Ok(Self {
            at,
            seats: (0..count).map(seat).collect::<Result<_>>()?,
            poll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            due: BTreeSet::new(),
            told: Vec::new(),
            comes_back: false,
            dice: fastrand::Rng::with_seed(7),
        })
    }

    /// Brings everybody in, a few at a time.
    pub(super) fn gather(&mut self, limit: Duration) -> Result<()> {
        let until = Instant::now() + limit;
        let (mut coming, mut next, mut here) = (0, 0, 0);
        while here < self.seats.len() {
            while coming < COMING && next < self.seats.len() {
                self.due.insert((Instant::now(), next));
                (coming, next) = (coming + 1, next + 1);
            }
            for (_, told) in self.turn(Duration::from_millis(10))? {
                ensure!(!matches!(told, Told::Lost), "the server sent somebody away");
                if matches!(told, Told::Ready) {
                    (coming, here) = (coming - 1, here + 1);
                }
            }
            ensure!(
                Instant::now() < until,
                "{here} of {} came",
                self.seats.len()
            );
        }
        Ok(())
    }

    /// Somebody asks something.
    pub(super) fn ask(
        &mut self,
        who: usize,
        ask: impl FnOnce(&mut Person) -> Result<Ask>,
    ) -> Result<()> {
        let seat = &mut self.seats[who];
        let ask = ask(&mut seat.person)?;
        let State::Ready(socket) = &mut seat.state else {
            bail!("{} is not here", seat.person.name.as_str());
        };
        say(socket, &ask)
    }

    /// Waits for something to happen, not longer than this, and says what did.
    pub(super) fn turn(&mut self, limit: Duration) -> Result<Vec<(usize, Told)>> {
        self.come()?;
        let limit = Timespec {
            tv_sec: limit.as_secs().try_into()?,
            tv_nsec: limit.subsec_nanos().into(),
        };
        let mut events = Vec::with_capacity(EVENTS);
        epoll::wait(
            &self.poll,
            rustix::buffer::spare_capacity(&mut events),
            Some(&limit),
        )?;
        for event in events {
            let who = usize::try_from(event.data.u64())?;
            self.attend(who)?;
        }
        Ok(std::mem::take(&mut self.told))
    }

    /// Those whose time it is.
    fn come(&mut self) -> Result<()> {
        let now = Instant::now();
        while let Some(&(at, who)) = self.due.first()
            && at <= now
        {
            self.due.pop_first();
            self.connect(who)?;
        }
        Ok(())
    }

    fn connect(&mut self, who: usize) -> Result<()> {
        let socket = Socket::new(Domain::for_address(self.at), Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        match socket.connect(&self.at.into()) {
            Ok(()) => {}
            Err(error)
                if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
            Err(_) => return self.lose(who),
        }
        let stream = TcpStream::from(socket);
        let both = epoll::EventFlags::IN | epoll::EventFlags::OUT;
        epoll::add(
            &self.poll,
            &stream,
            epoll::EventData::new_u64(who as u64),
            both,
        )?;
        let uri = format!("ws://{}/chat", self.at).parse()?;
        let request = ClientRequestBuilder::new(uri).with_sub_protocol(PROTOCOL);
        let config = WebSocketConfig::default()
            .read_buffer_size(4096)
            .write_buffer_size(0);
        let shaken = client_with_config(request, stream, Some(config));
        self.shake(who, shaken.map(|(socket, _)| socket))
    }

    fn shake(
        &mut self,
        who: usize,
        shaken: Result<WebSocket<TcpStream>, HandshakeError<ClientHandshake<TcpStream>>>,
    ) -> Result<()> {
        match shaken {
            Ok(socket) => {
                let data = epoll::EventData::new_u64(who as u64);
                epoll::modify(&self.poll, socket.get_ref(), data, epoll::EventFlags::IN)?;
                self.seats[who].state = State::Open(socket);
                self.attend(who)
            }
            Err(HandshakeError::Interrupted(half)) => {
                self.seats[who].state = State::Shaking(half);
                Ok(())
            }
            Err(HandshakeError::Failure(_)) => self.lose(who),
        }
    }

    fn attend(&mut self, who: usize) -> Result<()> {
        let seat = &mut self.seats[who];
        match std::mem::replace(&mut seat.state, State::Away) {
            State::Away => Ok(()),
            State::Shaking(half) => {
                let shaken = half.handshake();
                self.shake(who, shaken.map(|(socket, _)| socket))
            }
            State::Open(socket) => self.read(who, socket, false),
            State::Ready(socket) => self.read(who, socket, true),
        }
    }

    /// Everything that has come, and then one word for all that was delivered.
    fn read(
        &mut self,
        who: usize,
        mut socket: WebSocket<TcpStream>,
        mut ready: bool,
    ) -> Result<()> {
        loop {
            let tell = match socket.read() {
                Ok(Message::Binary(bytes)) => Tell::from_bytes(&bytes)?,
                Ok(Message::Close(_)) => return self.lose(who),
                Ok(_) => continue,
                Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return self.lose(who),
            };
            let seat = &mut self.seats[who];
            match tell {
                Tell::Challenge(challenge) => say(&mut socket, &seat.person.answer(&challenge)?)?,
                Tell::Ready(_) => {
                    ready = true;
                    seat.failures = 0;
                    self.told.push((who, Told::Ready));
                }
                Tell::Taken(_) => self.told.push((who, Told::Taken)),
                Tell::Deliver(deliver) => self.heard(who, deliver)?,
                Tell::Refused(refused) => bail!("the server refuses: {refused:?}"),
                _ => {}
            }
        }
        let seat = &mut self.seats[who];
        if std::mem::take(&mut seat.owes) {
            say(&mut socket, &seat.person.acknowledge(seat.number))?;
        }
        seat.state = if ready {
            State::Ready(socket)
        } else {
            State::Open(socket)
        };
        Ok(())
    }

    fn heard(&mut self, who: usize, deliver: Deliver) -> Result<()> {
        let seat = &mut self.seats[who];
        // What a connection that was cut off had brought may come again.
        if deliver.number <= seat.number {
            seat.owes = true;
            return Ok(());
        }
        ensure!(deliver.number == seat.number + 1, "an envelope is missing");
        seat.number = deliver.number;
        seat.owes = true;
        self.told
            .push((who, Told::Heard(deliver.envelope.into_inner())));
        Ok(())
    }

    /// The connection is gone, or could not be made.
    fn lose(&mut self, who: usize) -> Result<()> {
        let seat = &mut self.seats[who];
        seat.failures += 1;
        let doubled = PAUSE
            .0
            .saturating_mul(1 << (seat.failures - 1).min(10))
            .min(PAUSE.1);
        let pause = doubled.mul_f64(0.5 + self.dice.f64() / 2.0);
        seat.state = State::Away;
        if self.comes_back {
            self.due.insert((Instant::now() + pause, who));
        }
        self.told.push((who, Told::Lost));
        Ok(())
    }
}

fn say(socket: &mut WebSocket<TcpStream>, ask: &Ask) -> Result<()> {
    match socket.send(Message::binary(ask.to_bytes())) {
        // It is kept, and goes with the next one.
        Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => Ok(()),
        sent => sent.context("the server takes nothing more"),
    }
}

impl std::fmt::Debug for Crowd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} people at {}", self.seats.len(), self.at)
    }
}

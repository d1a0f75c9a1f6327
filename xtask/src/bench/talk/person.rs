//! People who talk, as far as the server can tell: names, keys, and envelopes with nothing in them.
//!
//! The server cannot open what it moves, so it does the same work for bytes that nobody could open.

use anyhow::{Context, Result};
use kinora_talk::certificate::{Certificate, Device, DeviceId, Identity};
use kinora_talk::field::{Bytes, Fixed};
use kinora_talk::frame::{Ack, Ask, Challenge, Login, Open, Register, Send};
use kinora_talk::name::Name;
use kinora_talk::proof;
use std::time::{Duration, Instant};

/// A short message in the hybrid suite, sealed and padded, as measured with the two engines.
pub(super) const ENVELOPE: usize = 331;
/// About what a Welcome for one device has.
const WELCOME: usize = 4_300;

/// Somebody with one device, who talks with one other.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) name: Name,
    peer: Name,
    identity: Identity,
    leaf: Identity,
    certificate: Certificate,
    group: [u8; 32],
    is_registered: bool,
    step: u64,
    said: u64,
}

impl Person {
    /// The `number`th; 0 talks with 1, 2 with 3.
    pub(super) fn new(number: usize) -> Result<Self> {
        let name = |number: usize| Name::new(&format!("viewer{number}"));
        let keys = |which: u8| {
            let mut secret = [which; 32];
            secret[..8].copy_from_slice(&number.to_be_bytes());
            Identity::new(&secret)
        };
        let (identity, leaf) = (keys(1), keys(2));
        let mut id = [0; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        let mut group = [7; 32];
        group[..8].copy_from_slice(&(number / 2).to_be_bytes());
        let certificate = identity.certify(Device {
            name: name(number)?,
            id: DeviceId(id),
            label: "bench".into(),
            leaf_key: leaf.public().0,
            issued_at: 1_700_000_000,
        })?;
        Ok(Self {
            name: name(number)?,
            peer: name(number ^ 1)?,
            identity,
            leaf,
            certificate,
            group,
            is_registered: false,
            step: 0,
            said: 0,
        })
    }

    /// Registers the first time, logs in from then on.
    pub(super) fn answer(&mut self, challenge: &Challenge) -> Result<Ask> {
        let (nonce, host) = (&challenge.nonce.0, &*challenge.host);
        if self.is_registered {
            let device = self.certificate.device.id;
            let signed = proof::login(nonce, host, device);
            let proof = Fixed(self.leaf.sign(&signed));
            return Ok(Login { device, proof }.into());
        }
        self.is_registered = true;
        let signed = proof::registration(nonce, host, &self.certificate);
        Ok(Register {
            identity: self.identity.public(),
            certificate: Bytes::new(self.certificate.to_bytes())?,
            proof: Fixed(self.identity.sign(&signed)),
        }
        .into())
    }

    /// Opens the conversation.
    pub(super) fn open(&mut self) -> Result<Ask> {
        self.step += 1;
        Ok(Open {
            reference: self.reference(),
            peer: self.peer.clone(),
            group: Fixed(self.group),
            welcome: Bytes::new(vec![0x5a; WELCOME])?,
            replaces: None,
            step: self.step,
        }
        .into())
    }

    /// Says something, which carries the time when it was to be said.
    pub(super) fn say(&mut self, at: Duration) -> Result<Ask> {
        self.step += 1;
        let mut message = vec![0x5a; ENVELOPE];
        let nanoseconds = u64::try_from(at.as_nanos())?;
        message[..8].copy_from_slice(&nanoseconds.to_be_bytes());
        Ok(Send {
            reference: self.reference(),
            peer: self.peer.clone(),
            group: Fixed(self.group),
            epoch: 1,
            message: Bytes::new(message)?,
            step: self.step,
            follows: None,
        }
        .into())
    }

    /// All up to there is kept.
    pub(super) fn acknowledge(&mut self, number: u64) -> Ask {
        self.step += 1;
        let step = self.step;
        Ack { number, step }.into()
    }

    /// A name for a request that no other one has.
    fn reference(&mut self) -> Fixed<16> {
        self.said += 1;
        let mut reference = self.certificate.device.id.0;
        reference[8..].copy_from_slice(&self.said.to_be_bytes());
        Fixed(reference)
    }
}

/// When what an envelope carries was to be said, on the clock that began then.
pub(super) fn said_at(envelope: &[u8], began: Instant) -> Result<Instant> {
    let nanoseconds = envelope.first_chunk().context("an envelope is too short")?;
    Ok(began + Duration::from_nanos(u64::from_be_bytes(*nanoseconds)))
}

//! From the server's challenge to being there.

use super::{Core, number, problem};
use crate::Fault;
use crate::talk::event::Event;
use crate::talk::limits::{PACKAGES, PACKAGES_LOW};
use crate::talk::store::Write;
use kinora_chat::certificate::Certificate;
use kinora_talk::field::{Bytes, Few, Fixed};
use kinora_talk::frame::{Ack, Challenge, Login, Publish, Ready, Register};
use kinora_talk::proof;

impl Core {
    pub(super) fn answer(&mut self, challenge: &Challenge, host: &str) -> Result<(), Fault> {
        if &*challenge.host != host {
            let description = format!(
                "the server was called {host:?} and heard {:?}: something between changes the Host field",
                &*challenge.host
            );
            return Err(Fault::Refused(problem(
                "host_changed",
                &description,
                "let the proxy pass the Host field on as it is",
            )));
        }
        let nonce = &challenge.nonce.0;
        if self.is_registered {
            let device = self.device();
            let signed = proof::login(nonce, host, device);
            let proof = Fixed(self.client.keys().sign(&signed)?);
            self.ask(Login { device, proof });
            return Ok(());
        }
        let certificate = self.identity.certify(self.client.device().clone());
        let certificate: Certificate = certificate.map_err(kinora_chat::Fault::from)?;
        let signed = proof::registration(nonce, host, &certificate);
        let bytes = Bytes::new(certificate.to_bytes());
        self.ask(Register {
            identity: self.identity.public(),
            certificate: bytes.map_err(kinora_chat::Fault::from)?,
            proof: Fixed(self.identity.sign(&signed)),
        });
        Ok(())
    }

    pub(super) fn ready(&mut self, ready: &Ready, now_s: u64) -> Result<(), Fault> {
        let mut parts = Vec::new();
        if !self.is_registered {
            self.is_registered = true;
            parts.push(number("registered", 1));
        }
        if ready.step > self.step {
            parts.extend(self.put_back(ready.step));
        }
        let expired = ready.first.saturating_sub(1).saturating_sub(self.cursor);
        if expired > 0 {
            self.cursor = ready.first - 1;
            let name = self.name().clone();
            self.note(
                &name,
                format!("{expired} envelopes waited too long for this device and are gone"),
            );
        }
        // A server that was set up anew counts anew.
        if ready.last < self.cursor {
            self.cursor = ready.last;
        }
        parts.extend(self.packages(ready, now_s)?);
        self.write(parts)?;
        self.is_here = true;
        self.pass = Some(ready.pass);
        self.pages = 0;
        self.events.push_back(Event::Here(self.name().clone()));
        self.ask(Ack {
            number: self.cursor,
            step: self.step,
        });
        self.say_removals();
        self.look();
        Ok(())
    }

    /// This file is an older copy than the one that was used last: its ratchets would use keys again. The groups are given
    /// up and opened anew; what was said stays.
    fn put_back(&mut self, step: u64) -> Vec<Write> {
        // Each lost message was a step at least: numbers that went out once are not given again, or who has the first ones
        // would take the new ones for them.
        let lost_steps = step - self.step;
        self.step = step;
        let mut parts = Vec::new();
        let mut lost = Vec::new();
        for (peer, conversation) in &mut self.conversations {
            if conversation.group.is_some() {
                lost.push(peer.clone());
            }
            conversation.give_up();
            conversation.written += lost_steps;
            parts.push(Write::Conversation(peer.clone(), conversation.kept()));
            parts.push(Write::Unsealed(peer.clone()));
        }
        for row in &mut self.outbox {
            row.frame = None;
        }
        for peer in lost {
            self.note(&peer, "this device was put back to an older state; encryption is started anew, and messages of the time between may be missing");
        }
        parts
    }

    /// New key packages, when few are left. Their private halves are kept before anybody can use them.
    fn packages(&mut self, ready: &Ready, now_s: u64) -> Result<Vec<Write>, Fault> {
        if ready.packages >= PACKAGES_LOW && ready.has_last_resort {
            return Ok(Vec::new());
        }
        let wanted = match ready.packages {
            left if left >= PACKAGES_LOW => 0,
            left => PACKAGES.saturating_sub(left),
        };
        let bounded = |bytes| Bytes::new(bytes).map_err(kinora_chat::Fault::from);
        let single = self.client.key_packages(wanted as usize, now_s)?;
        let single = single.into_iter().map(bounded).collect::<Result<_, _>>()?;
        let last = match ready.has_last_resort {
            true => None,
            false => Some(bounded(self.client.last_resort(now_s)?)?),
        };
        self.ask(Publish {
            packages: Few::new(single).map_err(kinora_chat::Fault::from)?,
            last_resort: last,
        });
        Ok(vec![self.client_fact()])
    }
}

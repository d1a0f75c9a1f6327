//! One device of this engine that another engine talks to: requests and answers are lines of JSON, over standard input
//! and output. `web/conform` drives it. It belongs to the tests, keeps nothing and is in no program that is shipped.
//!
//! `{"do": "seal", "payload": "0102"}` gives `{"bytes": "…"}` or `{"fault": "commit_pending"}`; bytes are hexadecimal.

use kinora_chat::certificate::{Device, DeviceId, Identity, IdentityKey};
use kinora_chat::engine::{Client, Event, Group, Newcomer, Pending, Suite};
use kinora_chat::member::{DirectoryView, Entry};
use kinora_chat::removal::Removal;
use kinora_chat::{Fault, Name};
use serde_json::{Value, json};
use std::io::{BufRead, Write};

/// Why a request was not answered: the engine refused, or the driver asked for something that is not there.
enum Refusal {
    Fault(Fault),
    Driver(&'static str),
}

impl<F: Into<Fault>> From<F> for Refusal {
    fn from(fault: F) -> Self {
        Self::Fault(fault.into())
    }
}

type Answer = Result<Value, Refusal>;

#[derive(Default)]
struct Peer {
    client: Option<Client>,
    group: Option<Group>,
    view: DirectoryView,
}

fn main() -> std::io::Result<()> {
    let mut peer = Peer::default();
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let answer = match peer.answer(&request) {
            Ok(answer) => answer,
            Err(Refusal::Fault(fault)) => json!({"fault": fault.code()}),
            Err(Refusal::Driver(why)) => json!({"wrong": why}),
        };
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

impl Peer {
    fn answer(&mut self, request: &Value) -> Answer {
        match text(request, "do")? {
            "new" => self.create(request),
            "view" => self.look(request),
            "packages" => self.packages(request),
            "last_resort" => {
                let package = self.client()?.last_resort(number(request, "now")?)?;
                Ok(json!({"packages": [hex(&package)]}))
            }
            "open" => self.open(request),
            "join" => {
                let (welcome, view) = (bytes(request, "welcome")?, self.view.clone());
                self.group = Some(self.client()?.join(&welcome, &view)?);
                self.state()
            }
            "seal" => self.seal(request),
            "update" => {
                let (client, group) = self.both()?;
                Ok(made(&group.update(client.keys())?))
            }
            "change" => self.change(request),
            "confirm" => {
                self.both()?.1.confirm()?;
                self.state()
            }
            "withdraw" => {
                self.both()?.1.withdraw()?;
                self.state()
            }
            "receive" => {
                let (bytes, view) = (bytes(request, "bytes")?, self.view.clone());
                Ok(event(self.both()?.1.open_message(&bytes, &view)?))
            }
            "signal" => {
                let (number, nonce) = (number(request, "number")?, fixed(request, "nonce")?);
                Ok(json!({"bytes": hex(&self.both()?.1.seal_signal(number, nonce)?)}))
            }
            "hear" => {
                let bytes = bytes(request, "bytes")?;
                let (from, signal) = self.both()?.1.open_signal(&bytes)?;
                Ok(json!({"from": from.id.to_string(), "number": signal.number}))
            }
            "remove" => self.remove(request),
            "hear_removal" => {
                let (removal, identity) = (
                    Removal::from_bytes(&bytes(request, "bytes")?)?,
                    IdentityKey(fixed(request, "identity")?),
                );
                let is_signed = removal.is_signed_by(&identity);
                Ok(
                    json!({"device": removal.id.to_string(), "label": removal.label, "is_signed": is_signed}),
                )
            }
            "restart" => {
                let (client, group) = self.both()?;
                (*client, *group) = (
                    Client::import(&client.export())?,
                    Group::import(&group.export())?,
                );
                self.state()
            }
            "state" => self.state(),
            _ => Err(Refusal::Driver("there is no such request")),
        }
    }

    fn create(&mut self, request: &Value) -> Answer {
        let suite = match text(request, "suite")? {
            "hybrid" => Suite::Hybrid,
            _ => Suite::Classic,
        };
        let newcomer = Newcomer::new(suite)?;
        let identity = Identity::new(&fixed(request, "secret")?);
        let device = Device {
            name: Name::new(text(request, "name")?)?,
            id: DeviceId(fixed(request, "id")?),
            label: text(request, "label")?.into(),
            leaf_key: newcomer.leaf_key(),
            issued_at: 1,
        };
        self.client = Some(newcomer.certified(identity.certify(device)?)?);
        Ok(json!({"identity": hex(&identity.public().0)}))
    }

    /// What the identity says of a member that is none of its devices any more.
    fn remove(&mut self, request: &Value) -> Answer {
        let (id, at) = (device_id(&request["device"])?, number(request, "at")?);
        let identity = Identity::new(&fixed(request, "secret")?);
        let members = self.both()?.1.members();
        let gone = members.into_iter().find(|device| device.id == id);
        let gone = gone.ok_or(Refusal::Driver("there is no such member"))?;
        Ok(json!({"bytes": hex(&Removal::new(&identity, &gone, at).to_bytes())}))
    }

    fn look(&mut self, request: &Value) -> Answer {
        self.view = DirectoryView::default();
        for user in list(request, "users")? {
            let mut entry = Entry {
                identity: IdentityKey(fixed(user, "identity")?),
                devices: std::collections::BTreeSet::new(),
            };
            for device in list(user, "devices")? {
                entry.devices.insert(device_id(device)?);
            }
            self.view
                .users
                .insert(Name::new(text(user, "name")?)?, entry);
        }
        Ok(json!({}))
    }

    fn packages(&mut self, request: &Value) -> Answer {
        let count = usize::try_from(number(request, "count")?).unwrap_or(usize::MAX);
        let made = self
            .client()?
            .key_packages(count, number(request, "now")?)?;
        let made: Vec<String> = made.iter().map(|package| hex(package)).collect();
        Ok(json!({"packages": made}))
    }

    fn open(&mut self, request: &Value) -> Answer {
        let (id, packages) = (fixed(request, "id")?, all_bytes(request, "packages")?);
        let (now, view) = (number(request, "now")?, self.view.clone());
        let (group, pending) = self.client()?.open(id, &packages, now, &view)?;
        self.group = Some(group);
        Ok(made(&pending))
    }

    /// Seals as often as it is told to, and gives the last: the others are lost.
    fn seal(&mut self, request: &Value) -> Answer {
        let payload = bytes(request, "payload")?;
        let (client, group) = self.both()?;
        let lost = request["lost"].as_u64().unwrap_or(0);
        for _ in 0..lost {
            group.seal(client.keys(), &payload)?;
        }
        Ok(json!({"bytes": hex(&group.seal(client.keys(), &payload)?)}))
    }

    fn change(&mut self, request: &Value) -> Answer {
        let packages = all_bytes(request, "packages")?;
        let mut gone = Vec::new();
        for id in list(request, "remove")? {
            gone.push(device_id(id)?);
        }
        let view = self.view.clone();
        let (client, group) = self.both()?;
        let members = group.members();
        let gone: Vec<Device> = members
            .into_iter()
            .filter(|device| gone.contains(&device.id))
            .collect();
        Ok(made(&group.change(
            client.keys(),
            &gone,
            &packages,
            &view,
        )?))
    }

    fn state(&mut self) -> Answer {
        let (_, group) = self.both()?;
        let members: Vec<String> = group
            .members()
            .iter()
            .map(|device| device.id.to_string())
            .collect();
        Ok(json!({
            "epoch": group.epoch(),
            "authenticator": hex(&group.authenticator()),
            "members": members,
            "has_pending": group.has_pending(),
        }))
    }

    fn client(&mut self) -> Result<&mut Client, Refusal> {
        self.client
            .as_mut()
            .ok_or(Refusal::Driver("there is no client"))
    }

    fn both(&mut self) -> Result<(&mut Client, &mut Group), Refusal> {
        match (&mut self.client, &mut self.group) {
            (Some(client), Some(group)) => Ok((client, group)),
            _ => Err(Refusal::Driver("there is no group")),
        }
    }
}

fn made(pending: &Pending) -> Value {
    let welcome = pending.welcome.as_ref().map(|welcome| hex(welcome));
    json!({"epoch": pending.epoch, "commit": hex(&pending.commit), "welcome": welcome})
}

fn event(event: Event) -> Value {
    let ids = |devices: &[Device]| {
        devices
            .iter()
            .map(|device| device.id.to_string())
            .collect::<Vec<_>>()
    };
    match event {
        Event::Message { from, payload } => {
            json!({"kind": "message", "from": from.id.to_string(), "payload": hex(&payload)})
        }
        Event::Commit {
            by,
            added,
            removed,
            is_out,
        } => {
            json!({"kind": "commit", "by": by.id.to_string(), "added": ids(&added), "removed": ids(&removed), "is_out": is_out})
        }
        Event::Own => json!({"kind": "own"}),
    }
}

fn text<'a>(request: &'a Value, key: &str) -> Result<&'a str, Refusal> {
    request[key]
        .as_str()
        .ok_or(Refusal::Driver("a text is missing"))
}

fn number(request: &Value, key: &str) -> Result<u64, Refusal> {
    request[key]
        .as_u64()
        .ok_or(Refusal::Driver("a number is missing"))
}

fn list<'a>(request: &'a Value, key: &str) -> Result<&'a Vec<Value>, Refusal> {
    request[key]
        .as_array()
        .ok_or(Refusal::Driver("a list is missing"))
}

fn bytes(request: &Value, key: &str) -> Result<Vec<u8>, Refusal> {
    unhex(text(request, key)?)
}

fn all_bytes(request: &Value, key: &str) -> Result<Vec<Vec<u8>>, Refusal> {
    let digits = list(request, key)?
        .iter()
        .map(|each| unhex(each.as_str().unwrap_or("?")));
    digits.collect()
}

fn fixed<const N: usize>(request: &Value, key: &str) -> Result<[u8; N], Refusal> {
    let bytes = bytes(request, key)?.try_into();
    bytes.map_err(|_| Refusal::Driver("bytes are not as many as they should be"))
}

fn device_id(digits: &Value) -> Result<DeviceId, Refusal> {
    let bytes = unhex(digits.as_str().unwrap_or("?"))?.try_into();
    bytes
        .map(DeviceId)
        .map_err(|_| Refusal::Driver("an id has 16 bytes"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(digits: &str) -> Result<Vec<u8>, Refusal> {
    let pair = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    };
    let bytes: Option<Vec<u8>> = digits.as_bytes().chunks(2).map(pair).collect();
    bytes.ok_or(Refusal::Driver("these are no hexadecimal digits"))
}

//! Devices of people: what is told of their coming and going, and how this user removes one of their own.
//!
//! A removal is signed here, and stands in the directory from then on. Each conversation puts the device out by a commit
//! before anything more is written in it (`open`).

use super::{Core, problem};
use crate::Fault;
use crate::talk::event::{Event, OwnDevice};
use crate::talk::people::News;
use crate::talk::store::Write;
use kinora_chat::Name;
use kinora_chat::certificate::Device;
use kinora_mmp::Problem;
use kinora_talk::field::{Bytes, Fixed};
use kinora_talk::frame::{Remove, Removed};
use kinora_talk::removal::Removal;

impl Core {
    /// The devices of this user.
    pub(in crate::talk) fn devices(&mut self) {
        let own = self.own_devices();
        let this = self.device();
        let devices = own.into_iter().map(|device| OwnDevice {
            id: device.id.to_string(),
            label: device.label,
            since_s: device.issued_at,
            is_this: device.id == this,
        });
        self.events.push_back(Event::Devices(devices.collect()));
    }

    fn own_devices(&self) -> Vec<Device> {
        let own = self.people.0.get(self.name());
        let certificates = own.into_iter().flat_map(|own| own.devices.values());
        let mut devices: Vec<Device> = certificates
            .map(|certificate| certificate.device.clone())
            .collect();
        devices.sort_by_key(|device| (device.issued_at, device.id));
        devices
    }

    /// Removes a device of this user, by its id or its label.
    pub(in crate::talk) fn remove(&mut self, which: &str, reference: [u8; 16], now_ms: u64) {
        match self.own_device(which) {
            Err(problem) => self.refuse(reference, problem),
            Ok(device) => {
                let removal = Removal::new(&self.identity, &device, now_ms / 1000);
                self.removing.insert(reference, removal);
                self.say_removals();
            }
        }
    }

    fn own_device(&self, which: &str) -> Result<Device, Problem> {
        let is_it = |device: &Device| device.id.to_string() == which || device.label == which;
        let found: Vec<Device> = self.own_devices().into_iter().filter(is_it).collect();
        match found.as_slice() {
            [] => Err(problem(
                "no_such_device",
                &format!("none of your devices is called {which:?}"),
                "`kinora chat devices` lists them; an id is always right",
            )),
            [only] if only.id == self.device() => Err(problem(
                "own_device",
                "this is the device that you are using",
                "remove it on another one of yours",
            )),
            [only] => Ok(only.clone()),
            _ => Err(problem(
                "several_devices",
                &format!("several of your devices are called {which:?}"),
                "say which by its id (kinora chat devices)",
            )),
        }
    }

    /// Says removals that have no answer yet; a repeated one does nothing.
    pub(super) fn say_removals(&mut self) {
        if !self.is_here {
            return;
        }
        let asks = self.removing.iter().filter_map(|(reference, removal)| {
            let removal = Bytes::new(removal.to_bytes()).ok()?;
            let reference = Fixed(*reference);
            Some(Remove { reference, removal })
        });
        let asks: Vec<Remove> = asks.collect();
        asks.into_iter().for_each(|ask| self.ask(ask));
    }

    /// The server has taken a removal.
    pub(super) fn removed(&mut self, removed: &Removed, now_ms: u64) -> Result<(), Fault> {
        let reference = removed.reference.0;
        let Some(removal) = self.removing.remove(&reference) else {
            return Ok(());
        };
        let (id, label) = (removal.id.to_string(), removal.label.clone());
        self.people.remove(removal);
        let own = self.name().clone();
        let person = self.people.kept(&own).map(Write::Person);
        let removals = Write::Removals(own.clone(), self.people.kept_removals(&own));
        self.write(person.into_iter().chain([removals]).collect())?;
        self.tick(now_ms)?;
        self.events.push_back(Event::Removed {
            reference,
            id,
            label,
        });
        Ok(())
    }

    /// Tells what the directory has new of a person's devices.
    pub(super) fn tell_devices(&mut self, name: &Name, news: &News) {
        let is_own = name == self.name();
        for label in &news.added {
            self.note(name, match is_own {
                false => format!("{name} added the device {label:?}"),
                true => format!(
                    "{label:?} is a device of yours now; if it is not, ask who has had your keys"
                ),
            });
        }
        for label in &news.removed {
            self.note(name, match is_own {
                false => format!("{name} removed the device {label:?}"),
                true => format!("your device {label:?} was removed; it reads nothing of what is said from now on"),
            });
        }
        for label in &news.missing {
            self.note(name, format!(
                "the server does not show the device {label:?} of {name} any more, though {name} has not removed it"
            ));
        }
        for label in &news.withheld {
            self.note(name, format!(
                "the server shows the device {label:?} of {name} again, and keeps back that it was removed; it is not believed: \
                 ask the server's operator"
            ));
        }
    }
}

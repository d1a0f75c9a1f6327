//! Who is there, and how well each is known: what the server says of people, and what this user says of them.

use super::{Core, of_chat, problem, refusal};
use crate::Fault;
use crate::talk::event::Event;
use crate::talk::store::Write;
use kinora_chat::Name;
use kinora_chat::certificate::IdentityKey;
use kinora_chat::contact::Contact;
use kinora_chat::safety::{SafetyNumber, Verdict};
use kinora_mmp::Problem;
use kinora_talk::frame::People as Page;

impl Core {
    /// What two people compare; with a picture of it, if that is wished.
    pub(in crate::talk) fn safety(&mut self, with: &str, is_drawn: bool) {
        let event = match self.known(with) {
            Ok(with) => self.safety_of(with, is_drawn),
            Err(problem) => refusal(problem),
        };
        self.events.push_back(event);
    }

    fn safety_of(&mut self, with: Name, is_drawn: bool) -> Event {
        let number = self.number(&with);
        let person = &self.people.0[&with];
        let (word, key) = (person.contact.word(), person.shown);
        self.numbers_shown.insert(with.clone(), key);
        Event::Safety {
            number: number.to_string(),
            word,
            with,
            is_drawn,
        }
    }

    fn number(&self, with: &Name) -> SafetyNumber {
        let own = self.identity.public();
        SafetyNumber::new((self.name(), &own), (with, &self.people.0[with].shown))
    }

    /// The user has compared the number with this one; or with what was shown last, which may be of another key by now.
    ///
    /// # Errors
    /// Those of the file.
    pub(in crate::talk) fn compared(
        &mut self,
        name: &str,
        number: Option<&str>,
    ) -> Result<(), Fault> {
        let checked = self.known(name).and_then(|name| {
            self.is_number_of(&name, number)?;
            Ok(name)
        });
        self.decide(checked, Contact::compared)
    }

    /// The user takes a changed key without comparing: the one of this number, or the one whose number was shown last.
    ///
    /// # Errors
    /// Those of the file.
    pub(in crate::talk) fn accepted(
        &mut self,
        name: &str,
        number: Option<&str>,
    ) -> Result<(), Fault> {
        let checked = self.known(name).and_then(|name| {
            // Of any other there is nothing to be taken, and how they stand is told.
            if let Contact::Changed { .. } = self.people.0[&name].contact {
                self.is_key_seen(&name, number)?;
            }
            Ok(name)
        });
        self.decide(checked, Contact::accepted)
    }

    fn is_number_of(&self, name: &Name, number: Option<&str>) -> Result<(), Problem> {
        let verdict = match (number, self.numbers_shown.get(name)) {
            (Some(number), _) => self.number(name).compare(number),
            (None, Some(key)) if *key == self.people.0[name].shown => Verdict::Same,
            (None, Some(_)) => Verdict::Different,
            (None, None) => return Err(not_shown(name)),
        };
        match verdict {
            Verdict::Same => Ok(()),
            Verdict::Different => Err(problem(
                "numbers_differ",
                &format!("that is not the number of {name} and you"),
                "look at both once more; if they stay different, somebody may stand between you: do not write, and talk in person",
            )),
            Verdict::Incomplete => Err(problem(
                "number_incomplete",
                "a number has sixty digits",
                "give all of them, as the other device shows them",
            )),
        }
    }

    /// A key that changes once more after it was shown is none that the user has said anything about.
    fn is_key_seen(&self, name: &Name, number: Option<&str>) -> Result<(), Problem> {
        let is_seen = match (number, self.numbers_shown.get(name)) {
            (Some(number), _) => self.number(name).compare(number) == Verdict::Same,
            (None, Some(key)) => *key == self.people.0[name].shown,
            (None, None) => return Err(not_shown(name)),
        };
        is_seen.then_some(()).ok_or_else(|| {
            problem(
                "key_changed_again",
                &format!("the key of {name} has changed again since its number was shown"),
                &format!("look at the new number (/verify {name}) before you take it"),
            )
        })
    }

    /// The key that is shown now is the one that was checked: nothing comes in between.
    fn decide(
        &mut self,
        checked: Result<Name, Problem>,
        how: fn(Contact, IdentityKey) -> Contact,
    ) -> Result<(), Fault> {
        let name = match checked {
            Ok(name) => name,
            Err(problem) => {
                self.events.push_back(refusal(problem));
                return Ok(());
            }
        };
        if let Some(person) = self.people.0.get_mut(&name) {
            person.contact = how(person.contact.seen(person.shown), person.shown);
        }
        let kept = self.people.kept(&name).map(Write::Person);
        self.write(kept.into_iter().collect())?;
        let event = self.safety_of(name, false);
        self.events.push_back(event);
        Ok(())
    }

    /// Who is there.
    pub(in crate::talk) fn who(&mut self, is_asked: bool) {
        let mut people = self.people.standings();
        for person in people
            .iter_mut()
            .filter(|person| person.name == *self.name())
        {
            person.word = "you";
        }
        self.events.push_back(Event::Directory { people, is_asked });
    }

    /// Somebody of the directory, by a name as it was typed.
    pub(super) fn known(&self, typed: &str) -> Result<Name, Problem> {
        let name = Name::new(typed).map_err(|fault| of_chat(&fault.into()))?;
        match self.people.0.contains_key(&name) {
            true => Ok(name),
            false => Err(problem(
                "unknown_user",
                &format!("nobody here is called {name}"),
                "look who is there (/who)",
            )),
        }
    }

    pub(super) fn page(&mut self, page: &Page, now_ms: u64) -> Result<(), Fault> {
        let mut kept = Vec::new();
        for person in page.people.iter() {
            let was_here = self
                .people
                .0
                .get(&person.name)
                .is_some_and(|known| known.is_here);
            let before = self.people.kept_removals(&person.name);
            let news = self.people.see(person);
            let removals = self.people.kept_removals(&person.name);
            if removals != before {
                kept.push(Write::Removals(person.name.clone(), removals));
            }
            let is_own = person.name == *self.name();
            if is_own {
                // News are of others; all of it lists who asks, too.
                self.look = self.look.map(|_| true);
            }
            if is_own && person.identity != self.identity.public() {
                return Err(Fault::Refused(problem(
                    "identity_changed",
                    "the server's directory shows another key under your name",
                    "somebody may stand between you and the people here: ask its operator",
                )));
            }
            self.tell_devices(&person.name, &news);
            self.reopen(&person.name);
            if news.has_changed {
                let text = format!(
                    "the key of {} has changed; /verify {} tells more",
                    person.name, person.name
                );
                self.note(&person.name, text);
                if let Some(conversation) = self.conversations.get_mut(&person.name) {
                    conversation.give_up();
                }
            }
            if self.pages == usize::MAX && person.is_here != was_here && !is_own {
                self.events
                    .push_back(come_or_gone(&person.name, person.is_here));
            }
            kept.extend(self.people.kept(&person.name).map(Write::Person));
        }
        self.write(kept)?;
        if !page.has_more {
            if self.look == Some(true) {
                self.look = None;
            }
            if self.pages != usize::MAX {
                self.who(false);
            }
            // From here on what comes is news.
            self.pages = usize::MAX;
            self.is_oriented = true;
            self.work(now_ms)?;
            self.tick(now_ms)?;
        }
        Ok(())
    }

    /// There is news of somebody: a device that could not be let in may have left packages since.
    fn reopen(&mut self, name: &Name) {
        let Some(person) = self.people.0.get(name) else {
            return;
        };
        for conversation in self.conversations.values_mut() {
            person.devices.keys().for_each(|id| conversation.reopen(id));
        }
    }

    pub(super) fn moved(&mut self, name: &Name, is_here: bool) {
        let is_own = name == self.name();
        let Some(person) = self.people.0.get_mut(name) else {
            return;
        };
        if person.is_here != is_here && !is_own {
            self.events.push_back(come_or_gone(name, is_here));
        }
        person.is_here = is_here;
    }
}

fn not_shown(name: &Name) -> Problem {
    problem(
        "number_not_shown",
        &format!("the number of {name} and you has not been shown here"),
        &format!("look at it first: /verify {name}"),
    )
}

fn come_or_gone(name: &Name, is_here: bool) -> Event {
    match is_here {
        true => Event::Joined(name.clone()),
        false => Event::Left(name.clone()),
    }
}

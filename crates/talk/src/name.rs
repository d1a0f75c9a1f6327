//! Names of users: how they are written, and when two of them look alike.
//!
//! A name is kept folded, so that `Asha`, `ASHA` and `Ａｓｈａ` are one. Its *skeleton* is what it looks like (Unicode
//! Technical Standard 39): two names with one skeleton cannot both be given away. Skeletons are compared, never shown.

use crate::fault::Fault;
use crate::limits::{NAME_CHARS, NAME_TYPED_MAX};
use std::fmt;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_security::{
    GeneralSecurityProfile, RestrictionLevel, RestrictionLevelDetection, skeleton,
};

/// Stand between letters or digits, one at a time.
const SEPARATORS: [char; 3] = ['.', '-', '_'];

/// Names with which somebody could speak for the service.
const RESERVED: &[&str] = &[
    "admin",
    "administrator",
    "everyone",
    "kinora",
    "moderator",
    "operator",
    "root",
    "security",
    "server",
    "support",
    "system",
];

/// What they look like.
static RESERVED_LOOKS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let names = RESERVED.iter().map(|&name| Name(name.to_owned()));
    names.map(|name| name.skeleton()).collect()
});

/// A name in its folded form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// Takes a name as it was typed.
    ///
    /// # Errors
    /// [`Fault::NameInvalid`] with the rule that is broken, or [`Fault::NameReserved`].
    pub fn new(typed: &str) -> Result<Self, Fault> {
        if typed.len() > NAME_TYPED_MAX {
            return Err(Fault::NameInvalid("it is too long"));
        }
        let name = Self(fold(typed));
        name.check()?;
        if RESERVED_LOOKS.contains(&name.skeleton()) {
            return Err(Fault::NameReserved);
        }
        Ok(name)
    }

    /// Takes a name that is folded already, as certificates carry it.
    ///
    /// # Errors
    /// As [`Name::new`], and when folding would change the name.
    pub fn folded(text: &str) -> Result<Self, Fault> {
        let name = Self::new(text)?;
        if name.0 != text {
            return Err(Fault::NameInvalid("it is not in its folded form"));
        }
        Ok(name)
    }

    /// The folded form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the name looks like: equal for names that people confuse.
    pub fn skeleton(&self) -> String {
        let look = |text: &str| fold(&skeleton(text).collect::<String>());
        // Folding makes new lookalikes (a nought looks like O, which folds to o), and is therefore done between two looks.
        let seen = look(&look(&self.0));
        let one_separator = |c| if SEPARATORS.contains(&c) { '-' } else { c };
        seen.chars().map(one_separator).collect()
    }

    fn check(&self) -> Result<(), Fault> {
        let text = self.0.as_str();
        if !NAME_CHARS.contains(&text.chars().count()) {
            return Err(Fault::NameInvalid("it has not 2 to 32 characters"));
        }
        if !text.chars().all(is_of_alphabet) {
            return Err(Fault::NameInvalid(
                "it has a character that names cannot have",
            ));
        }
        let is_bare = |part: &str| part.chars().next().is_none_or(is_combining_mark);
        if text.split(SEPARATORS).any(is_bare) {
            return Err(Fault::NameInvalid(
                "a letter or digit must stand on both sides of '.', '-' and '_'",
            ));
        }
        if !text.check_restriction_level(RestrictionLevel::HighlyRestrictive) {
            return Err(Fault::NameInvalid("it mixes scripts"));
        }
        Ok(())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Compatible forms become one (NFKC), and so do cases; until nothing changes, for the one may undo the other.
fn fold(text: &str) -> String {
    // The same for most names, and a server reads several with each message.
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    fold_any(text)
}

fn fold_any(text: &str) -> String {
    let once = |text: &str| -> String {
        let composed: String = text.nfkc().collect();
        caseless::default_case_fold_str(&composed).nfkc().collect()
    };
    let mut folded = once(text);
    for _ in 0..3 {
        folded = once(&folded);
    }
    folded
}

/// Letters, digits and their marks that are recommended for identifiers (UTS 39), and the separators.
fn is_of_alphabet(c: char) -> bool {
    let is_letter = c.is_alphanumeric() || is_combining_mark(c);
    SEPARATORS.contains(&c) || (is_letter && c.identifier_allowed())
}

#[cfg(test)]
mod tests;

//! The token that a server asks for: shown to the server, and to nobody else.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// A token. It is never printed by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// As the wire takes it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether it has the form of one; servers pass over what has not.
    #[must_use]
    pub fn is_plausible(&self) -> bool {
        let rest = self.0.strip_prefix(kinora_mmp::request::TOKEN_PREFIX);
        rest.is_some_and(|rest| {
            (1..=256).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_alphanumeric())
        })
    }
}

impl FromStr for Token {
    // An error of parsing would repeat the text.
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.trim().to_owned()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_looked_at_but_not_printed() {
        let check = |text: &str, plausible: bool| {
            let token: Token = text.parse().unwrap();
            assert_eq!(token.is_plausible(), plausible, "{text}");
            assert_eq!(format!("{token:?}"), "Token(…)");
        };
        check("kin_abc234", true);
        check(" kin_abc234\n", true);
        check("", false);
        check("kin_", false);
        check("kin_a b", false);
        check("secret", false);
    }
}

//! Reading an operation's parameters: each is taken out once, and what is left over is an error.

use serde_json::{Map, Value};

use crate::fault::{Fault, quote};
use crate::operation::table::Row;

/// Longest time that can be asked for: a year.
const LONGEST_SECONDS: f64 = 31_536_000.0;

/// What an option of either kind was set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WordOrInteger<T> {
    /// One of its words.
    Word(T),
    /// A number within its bounds.
    Integer(u64),
}

/// The parameters of one request, being read.
pub(crate) struct Form<'a> {
    row: &'static Row,
    values: &'a Map<String, Value>,
}

impl<'a> Form<'a> {
    /// Refuses names that the operation does not have.
    pub(crate) fn new(row: &'static Row, values: &'a Map<String, Value>) -> Result<Self, Fault> {
        let is_known = |name: &str| {
            row.parameters
                .iter()
                .any(|parameter| parameter.name == name)
        };
        let unknown = values.keys().find(|name| !is_known(name));
        let fault = |name: &String| Fault::UnknownOption {
            operation: row.name,
            option: name.clone(),
            allowed: row
                .parameters
                .iter()
                .map(|parameter| parameter.name)
                .collect::<Vec<_>>()
                .join(", "),
        };
        unknown.map_or(Ok(Self { row, values }), |name| Err(fault(name)))
    }

    /// A whole number within bounds.
    pub(crate) fn integer(
        &mut self,
        name: &'static str,
        least: u64,
        most: u64,
    ) -> Result<Option<u64>, Fault> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let whole = value.as_u64().or_else(|| {
            value
                .as_f64()
                .filter(|each| each.fract() == 0.0 && *each >= 0.0)
                .map(|each| each as u64)
        });
        let allowed = || format!("a whole number from {least} to {most}");
        whole
            .filter(|whole| (least..=most).contains(whole))
            .map(Some)
            .ok_or_else(|| self.bad(name, value, allowed()))
    }

    /// Any number within bounds.
    pub(crate) fn number(
        &mut self,
        name: &'static str,
        least: f64,
        most: f64,
    ) -> Result<Option<f64>, Fault> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let number = value
            .as_f64()
            .filter(|number| (least..=most).contains(number));
        number
            .map(Some)
            .ok_or_else(|| self.bad(name, value, format!("a number from {least} to {most}")))
    }

    /// Seconds, as microseconds.
    pub(crate) fn time(&mut self, name: &'static str, least: f64) -> Result<Option<u64>, Fault> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let seconds = value
            .as_f64()
            .filter(|seconds| (least..=LONGEST_SECONDS).contains(seconds));
        let micros = seconds.map(|seconds| Some((seconds * 1e6).round() as u64));
        micros.ok_or_else(|| {
            self.bad(
                name,
                value,
                format!("seconds from {least} to {LONGEST_SECONDS}"),
            )
        })
    }

    /// True or false.
    pub(crate) fn flag(&mut self, name: &'static str) -> Result<bool, Fault> {
        let Some(value) = self.value(name) else {
            return Ok(false);
        };
        value
            .as_bool()
            .ok_or_else(|| self.bad(name, value, "true or false".into()))
    }

    /// One word of a table.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, Fault> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let said = value.as_str().map(str::to_ascii_lowercase);
        let found = words
            .iter()
            .find(|(word, _)| said.as_deref() == Some(*word))
            .map(|(_, choice)| Some(*choice));
        found.ok_or_else(|| self.bad(name, value, list(words.iter().map(|(word, _)| *word))))
    }

    /// One word of a table, or a whole number within bounds, which may come as text.
    pub(crate) fn word_or_integer<T: Copy>(
        &mut self,
        name: &'static str,
        words: &[(&str, T)],
        least: u64,
        most: u64,
    ) -> Result<Option<WordOrInteger<T>>, Fault> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let said = value.as_str().map(|text| text.trim().to_ascii_lowercase());
        let word = words
            .iter()
            .find(|(word, _)| said.as_deref() == Some(*word));
        if let Some((_, choice)) = word {
            return Ok(Some(WordOrInteger::Word(*choice)));
        }
        let number = said.and_then(|text| text.parse::<u64>().ok());
        match number.filter(|number| (least..=most).contains(number)) {
            Some(number) => Ok(Some(WordOrInteger::Integer(number))),
            None if value.is_number() => {
                Ok(self.integer(name, least, most)?.map(WordOrInteger::Integer))
            }
            None => {
                let words = words.iter().map(|(word, _)| *word).collect::<Vec<_>>();
                let allowed = format!(
                    "{}, or a whole number from {least} to {most}",
                    words.join(", ")
                );
                Err(self.bad(name, value, allowed))
            }
        }
    }

    /// Text that the reader turns into a value, or refuses.
    pub(crate) fn parsed<T>(
        &mut self,
        name: &'static str,
        allowed: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Fault> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let parsed = value.as_str().and_then(read).map(Some);
        parsed.ok_or_else(|| self.bad(name, value, allowed.into()))
    }

    /// Options that exclude or need each other.
    pub(crate) fn disagree(&self, problem: &'static str, solution: &'static str) -> Fault {
        Fault::OptionsDisagree {
            operation: self.row.name,
            problem,
            allowed: solution,
        }
    }

    /// The option, where null is the same as leaving it out.
    fn value(&self, name: &str) -> Option<&'a Value> {
        debug_assert!(
            self.row
                .parameters
                .iter()
                .any(|parameter| parameter.name == name),
            "{name} is not in the table"
        );
        self.values.get(name).filter(|value| !value.is_null())
    }

    fn bad(&self, option: &'static str, value: &Value, allowed: String) -> Fault {
        let found = match value {
            Value::String(text) => quote(text),
            Value::Array(_) | Value::Object(_) => "a list".into(),
            plain => plain.to_string(),
        };
        Fault::BadOption {
            operation: self.row.name,
            option,
            found,
            allowed,
        }
    }
}

/// `a, b or c`.
pub(crate) fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

//! The operations as commands, made from the table that also checks their parameters.
//!
//! A parameter becomes a flag by its kind: `target_size` of bytes is `--target-size 25MB`. What the flags say is put
//! into the canonical form and checked by the same code as on the server, so mistakes are found before anything is
//! sent, in the same words.

use super::{Connection, Report, Settings};
use crate::proof::Form;
use crate::units;
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, ValueHint, value_parser};
use kinora_media::operation::table::Value as Kind;
use kinora_media::operation::{Operation, Parameter, Row, TABLE};
use serde_json::{Map, Value};
use std::path::PathBuf;

/// Flags that every operation has.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Files")]
pub(crate) struct Common {
    /// Videos, or folders with some
    #[arg(help_heading = None::<&str>, required = true, value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub(crate) files: Vec<PathBuf>,
    /// Where to: a file for one input, or a directory [default: beside each input]
    #[arg(long, short, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) output: Option<PathBuf>,
    /// Overwrite outputs that exist
    #[arg(long, short)]
    pub(crate) force: bool,
    /// Work in this process, without a server
    #[arg(long)]
    pub(crate) local: bool,
    /// Also keep each result in the server's library, where its operator allows that
    #[arg(long, conflicts_with = "local")]
    pub(crate) keep: bool,
    /// Files on their way at the same time
    #[arg(long, short = 'j', value_name = "N", default_value = "4", value_parser = value_parser!(u8).range(1..=4))]
    pub(crate) parallel: u8,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// An operation as it was asked for.
#[derive(Debug)]
pub(crate) struct Order {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its parameters, in canonical form but not checked.
    pub(crate) parameters: Map<String, Value>,
    /// How a compression's report is wanted.
    pub(crate) report: Option<Form>,
    /// Everything else.
    pub(crate) common: Common,
}

impl Order {
    pub(super) fn read(name: &str, matches: &ArgMatches) -> Result<Self, clap::Error> {
        let row =
            row(name).ok_or_else(|| clap::Error::new(clap::error::ErrorKind::InvalidSubcommand))?;
        let given = row
            .parameters
            .iter()
            .filter_map(|p| Some((p.name.to_owned(), value(p, matches)?)));
        let mut order = Self {
            name: row.name,
            parameters: given.collect(),
            report: match has_report(row) {
                true => Report::from_arg_matches(matches)?.form,
                false => None,
            },
            common: Common::from_arg_matches(matches)?,
        };
        order.take_format_from_output();
        Ok(order)
    }

    /// `-o song.flac` says what format is wanted, where nothing else does.
    fn take_format_from_output(&mut self) {
        let is_open =
            matches!(self.name, "audio" | "convert") && !self.parameters.contains_key("format");
        let output = self
            .common
            .output
            .as_deref()
            .filter(|path| is_open && !path.is_dir());
        let ending = output.and_then(|path| path.extension()?.to_str());
        if let Some(ending) = ending {
            let format = match ending.to_lowercase().as_str() {
                // AAC's usual ending is that of its container.
                "m4a" if self.name == "audio" => "aac".to_owned(),
                other => other.to_owned(),
            };
            self.parameters.insert("format".into(), format.into());
        }
    }

    /// The checked operation.
    ///
    /// # Errors
    /// Which option is wrong, and what is allowed.
    pub(crate) fn operation(&self) -> Result<Operation, kinora_media::Fault> {
        Operation::from_form(self.name, &self.parameters)
    }

    /// The ending that the result will have, where the order alone decides it.
    #[must_use]
    pub(crate) fn expected_extension(&self) -> Option<String> {
        let named = || {
            Some(
                self.parameters
                    .get("format")?
                    .as_str()?
                    .trim_start_matches('.')
                    .to_owned(),
            )
        };
        match self.name {
            "audio" => match named().as_deref() {
                None => Some("mp3".into()),
                // AAC comes in a container whose usual ending is another one.
                Some("aac") => None,
                Some(format) => Some(format.into()),
            },
            "gif" | "webm" => Some(self.name.into()),
            "convert" => named(),
            _ => None,
        }
    }
}

/// The command is an operation.
pub(super) fn is_one(name: &str) -> bool {
    row(name).is_some()
}

pub(super) fn commands() -> impl Iterator<Item = Command> {
    TABLE.iter().map(command)
}

fn row(name: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.name == name)
}

fn command(row: &'static Row) -> Command {
    let mut command = Command::new(row.name).args(row.parameters.iter().map(flag));
    if has_report(row) {
        command = Report::augment_args(command);
    }
    // Last, because the struct's own description would replace it.
    Common::augment_args(command)
        .about(row.summary.trim_end_matches('.'))
        .after_help(format!("Example:\n  {}", example(row)))
}

/// Only compression is a choice that can be explained and measured.
fn has_report(row: &Row) -> bool {
    row.name == "compress"
}

fn flag(parameter: &'static Parameter) -> Arg {
    let arg = Arg::new(parameter.name)
        .long(long(parameter))
        .help(parameter.help);
    match parameter.kind {
        Kind::Flag => arg.action(ArgAction::SetTrue),
        Kind::Seconds => arg.value_name("TIME").value_parser(units::position),
        Kind::Bytes => arg.value_name("SIZE").value_parser(units::size),
        Kind::Integer(..) if is_bit_rate(parameter) => {
            arg.value_name("RATE").value_parser(units::bit_rate)
        }
        Kind::Integer(..) => arg.value_name("N").value_parser(value_parser!(u64)),
        Kind::Number(..) => arg.value_name("N").value_parser(value_parser!(f64)),
        Kind::Choice(words) => arg
            .value_name("WORD")
            .ignore_case(true)
            .value_parser(PossibleValuesParser::new(words)),
        // Which words and numbers there are is said by the one check that the server makes, too.
        Kind::WordOrInteger(words, ..) => arg.value_name("WORD|N").help(format!(
            "{} [words: {}]",
            parameter.help,
            words.join(", ")
        )),
        Kind::Text(_) => arg.value_name("TEXT"),
    }
}

/// The flag's value in canonical form; `None` when it was not given.
fn value(parameter: &Parameter, matches: &ArgMatches) -> Option<Value> {
    let name = parameter.name;
    match parameter.kind {
        Kind::Flag => matches.get_flag(name).then_some(Value::Bool(true)),
        Kind::Bytes | Kind::Integer(..) => {
            matches.get_one::<u64>(name).map(|number| (*number).into())
        }
        Kind::Seconds | Kind::Number(..) => {
            matches.get_one::<f64>(name).map(|number| (*number).into())
        }
        Kind::Choice(_) => matches
            .get_one::<String>(name)
            .map(|word| word.to_lowercase().into()),
        Kind::WordOrInteger(..) => {
            let said = matches.get_one::<String>(name)?.to_lowercase();
            Some(
                said.parse::<u64>()
                    .map_or_else(|_| said.into(), Value::from),
            )
        }
        Kind::Text(_) => matches
            .get_one::<String>(name)
            .map(|text| text.as_str().into()),
    }
}

fn long(parameter: &Parameter) -> String {
    parameter.name.replace('_', "-")
}

fn is_bit_rate(parameter: &Parameter) -> bool {
    parameter.name == "bitrate"
}

/// The row's example as somebody would type it.
fn example(row: &Row) -> String {
    let parameters: Map<String, Value> = serde_json::from_str(row.example).unwrap_or_default();
    // In the table's order, which is how the flags are listed.
    let flags = row.parameters.iter().filter_map(|parameter| {
        let flag = format!("--{}", long(parameter));
        Some(match parameters.get(parameter.name)? {
            Value::Bool(_) => flag,
            Value::String(text) => format!("{flag} {text}"),
            Value::Number(bytes) if parameter.kind == Kind::Bytes => {
                let size = units::show_size(bytes.as_u64()?);
                format!("{flag} {}", size.replace(".0", "").replace(' ', ""))
            }
            other => format!("{flag} {other}"),
        })
    });
    let words: Vec<_> = [format!("kinora {} holiday.mp4", row.name)]
        .into_iter()
        .chain(flags)
        .collect();
    words.join(" ")
}

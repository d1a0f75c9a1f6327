//! One parameter at a time: from a client's spelling to the canonical member.

use serde_json::{Map, Value};

use super::table::{Kind, Parameter, plain};
use super::{choice, value};
use crate::fault::Fault;
use crate::media_type;
use crate::outside::echo;

/// Puts one parameter into the canonical map.
pub(super) fn translate(
    row: &Parameter,
    member: &str,
    sent: &Value,
    into: &mut Map<String, Value>,
) -> Result<(), Fault> {
    let read = match row.kind {
        Kind::Pixels if is_automatic(sent) => return Ok(()),
        Kind::SizeChoice | Kind::Size => return size(row, member, sent, into),
        Kind::Number | Kind::Pixels => value::number(sent).map(Value::Number),
        Kind::Seconds => Some(seconds(member, sent)?),
        Kind::Bytes => amount(sent, 1),
        Kind::BitRate => amount(sent, 1000),
        Kind::RatioChoice => {
            let ratio = choice::ratio(sent).ok_or_else(|| invalid(member, sent, "1, 2 or 3"))?;
            into.entry("ratio").or_insert_with(|| ratio.into());
            return Ok(());
        }
        Kind::Ratio => choice::ratio(sent)
            .map(Value::from)
            .or_else(|| value::ratio(sent.as_str()?).map(Value::from)),
        Kind::Fit => Some(fit(sent)),
        Kind::Format => sent
            .as_str()
            .and_then(|text| media_type::read(text).ok()?.0)
            .map(Value::from),
        Kind::NumberOrName => value::number(sent)
            .map(Value::Number)
            .or_else(|| name(sent)),
        Kind::Name => name(sent),
        Kind::Flag => value::flag(sent).map(Value::from),
    };
    into.insert(row.name.to_owned(), read.unwrap_or_else(|| sent.clone()));
    Ok(())
}

/// A size is either two numbers or a name; numbers that were given by themselves are believed first.
fn size(
    row: &Parameter,
    member: &str,
    sent: &Value,
    into: &mut Map<String, Value>,
) -> Result<(), Fault> {
    let text = sent
        .as_str()
        .map_or_else(|| sent.to_string(), str::to_owned);
    let pixels = match row.kind {
        Kind::SizeChoice => {
            Some(choice::size_of_a(sent).ok_or_else(|| invalid(member, sent, "1, 2, 3 or 4"))?)
        }
        _ => choice::size_of_c(sent).or_else(|| value::width_and_height(&text)),
    };
    match pixels {
        Some((width, height)) => {
            into.entry("width").or_insert_with(|| width.into());
            into.entry("height").or_insert_with(|| height.into());
        }
        None => drop(into.insert("size".into(), value::named_size(&text).into())),
    }
    Ok(())
}

fn seconds(member: &str, sent: &Value) -> Result<Value, Fault> {
    let seconds = value::seconds(sent).map(Value::Number);
    seconds.ok_or_else(|| {
        invalid(
            member,
            sent,
            "a time: seconds (5.5), \"00:10\" or \"00:00:10\"",
        )
    })
}

/// A number with or without a unit. Numbers below 1000 count in `small`: nobody means 128 bits a second.
fn amount(sent: &Value, small: u64) -> Option<Value> {
    let amount = value::unsigned(sent).or_else(|| value::with_unit(sent.as_str()?))?;
    Some(
        if amount < 1000 {
            amount * small
        } else {
            amount
        }
        .into(),
    )
}

fn name(sent: &Value) -> Option<Value> {
    Some(sent.as_str()?.trim().to_ascii_lowercase().into())
}

fn fit(sent: &Value) -> Value {
    match choice::fit(sent) {
        Some(fit) => fit.into(),
        None => sent.as_str().map_or_else(
            || sent.clone(),
            |text| text.trim().to_ascii_lowercase().into(),
        ),
    }
}

/// `-1` and `-2` are how FFmpeg says "whatever fits".
fn is_automatic(sent: &Value) -> bool {
    matches!(value::integer(sent), Some(-1 | -2))
        || sent
            .as_str()
            .is_some_and(|text| matches!(plain(text).as_str(), "" | "auto"))
}

/// The fault that names the member as the client spells it.
pub(super) fn invalid(member: &str, sent: &Value, allowed: &'static str) -> Fault {
    Fault::InvalidParameter {
        member: echo(member),
        sent: shown(sent),
        allowed,
    }
}

/// A value in an error.
pub(super) fn shown(sent: &Value) -> String {
    sent.as_str().map_or_else(|| echo(&sent.to_string()), echo)
}

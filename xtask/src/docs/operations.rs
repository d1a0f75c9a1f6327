//! docs/operations.md, from the table of operations.

use super::table::table;
use kinora_media::operation::table::Value;
use kinora_media::operation::{Row, TABLE};

const HEAD: &str = "\
<!-- Written by `cargo xtask docs` from crates/media/src/operation/. Change it there. -->

# Operations

What can be done to a video. The names are the ones of the wire (see [protocol.md](protocol.md)). On the command line each
operation is a command and each option a flag: `target_size` is `--target-size`, and takes sizes and times as people write
them (`25MB`, `1:30`). An option that is left out takes the setting that suits most videos.
";

/// The page.
pub(crate) fn page() -> String {
    let mut text = HEAD.to_owned();
    for row in TABLE {
        text.push_str(&section(row));
    }
    text
}

fn section(row: &Row) -> String {
    let cells = |each: &kinora_media::operation::Parameter| {
        vec![
            format!("`{}`", each.name),
            kind(&each.kind),
            each.help.to_owned(),
        ]
    };
    let rows: Vec<_> = row.parameters.iter().map(cells).collect();
    let options = table(&["option", "value", "what it does"], &rows);
    let Row {
        name,
        summary,
        example,
        ..
    } = row;
    format!("\n## {name}\n\n{summary}\n\n{options}\nFor example: `{example}`\n")
}

fn kind(value: &Value) -> String {
    match value {
        Value::Integer(least, most) => format!("whole number, {least} to {most}"),
        Value::Number(least, most) => format!("number, {least} to {most}"),
        Value::Seconds => "seconds".into(),
        Value::Bytes => "bytes".into(),
        Value::Flag => "`true` or `false`".into(),
        Value::Choice(words) => quoted(words),
        Value::WordOrInteger(words, least, most) => {
            format!("{}, or a whole number, {least} to {most}", quoted(words))
        }
        Value::Text(shape) => (*shape).to_owned(),
    }
}

fn quoted(words: &[&str]) -> String {
    let each: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    each.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_has_its_section() {
        let page = page();
        for row in TABLE {
            assert!(page.contains(&format!("\n## {}\n", row.name)));
        }
        assert!(
            page.contains(
                "| `quality` | `near-original`, `balanced`, `small`, or a whole number, 1 to 51 |"
            ),
            "{page}"
        );
    }
}

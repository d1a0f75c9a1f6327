//! The table of exit codes in README.md, from crates/kinora/src/exit.rs.
//!
//! The table there is part of a program and not of a library, so its text is read.

use super::table::table;
use anyhow::{Context, Result, ensure};

const BEGIN: &str = "<!-- exit codes: written by `cargo xtask docs` -->\n";
const END: &str = "<!-- end of exit codes -->";

/// The readme with its table as the source says.
pub(crate) fn fill(readme: &str, source: &str) -> Result<String> {
    let (before, rest) = readme
        .split_once(BEGIN)
        .context("README.md has no place for exit codes")?;
    let (_, after) = rest
        .split_once(END)
        .context("the place for exit codes in README.md has no end")?;
    let rows: Vec<Vec<String>> = read(source)?
        .into_iter()
        .map(|(code, meaning)| vec![code, meaning])
        .collect();
    let codes = table(&["code", "meaning"], &rows);
    Ok(format!("{before}{BEGIN}{codes}{END}{after}"))
}

/// Code and meaning of each row of `TABLE`.
fn read(source: &str) -> Result<Vec<(String, String)>> {
    let (_, rest) = source
        .split_once("const TABLE")
        .context("no table of exit codes")?;
    let (_, rest) = rest
        .split_once("= &[")
        .context("the table does not begin")?;
    let (rows, _) = rest.split_once("];").context("the table does not end")?;
    let rows = rows.split("Exit::").skip(1).map(row);
    let rows = rows.collect::<Result<Vec<_>>>()?;
    ensure!(!rows.is_empty(), "the table of exit codes is empty");
    Ok(rows)
}

/// `Name, 3, "meaning"` and what follows.
fn row(text: &str) -> Result<(String, String)> {
    let mut parts = text.splitn(3, ',').map(str::trim);
    let (_name, code, rest) = (parts.next(), parts.next(), parts.next());
    let code = code.context("a row without a code")?;
    ensure!(code.parse::<u8>().is_ok(), "{code} is no exit code");
    let meaning = rest.and_then(|rest| rest.strip_prefix('"'));
    Ok((
        code.to_owned(),
        literal(meaning.context("a row without a meaning")?),
    ))
}

/// What a string literal says, from behind its first quote.
fn literal(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            // A backslash at the end of a line passes over the next one's indentation.
            '\\' => match chars.next() {
                Some('\n') => chars = chars.as_str().trim_start().chars(),
                Some(escaped) => out.push(escaped),
                None => break,
            },
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"
        pub const TABLE: &[(Exit, u8, &str)] = &[
            (Exit::Success, 0, "done; of several, all"),
            (
                Exit::Busy,
                8,
                "full, \
                 or \"busy\"",
            ),
        ];
        Exit::Other, 9, "not in the table"
    "#;

    #[test]
    fn rows_are_read() {
        let rows = read(SOURCE).expect("the example is sound");
        let expected = [("0", "done; of several, all"), ("8", "full, or \"busy\"")];
        assert_eq!(rows, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[test]
    fn the_place_is_filled_again_and_again() {
        let readme = format!("a\n{BEGIN}old\n{END}\nb\n");
        let once = fill(&readme, SOURCE).expect("there is a place");
        assert!(
            once.contains("| 8 | full, or \"busy\" |\n<!-- end"),
            "{once}"
        );
        assert_eq!(fill(&once, SOURCE).expect("there still is"), once);
        assert!(fill("a", SOURCE).is_err());
    }
}

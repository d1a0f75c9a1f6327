//! docs/settings.md, from the commented file of defaults that the binary carries.

use super::table::table;
use anyhow::{Context, Result, ensure};

const HEAD: &str = "\
<!-- Written by `cargo xtask docs` from crates/kinora/src/default-config.toml. Change it there. -->

# Settings
";

/// A part of the file: its name, and its settings as rows.
#[derive(Debug, Default)]
struct Section {
    name: String,
    rows: Vec<Vec<String>>,
}

/// The page. Comments at the top of the file are its introduction; those before a setting explain it.
pub(crate) fn page(settings: &str) -> Result<String> {
    let (head, body) = settings
        .split_once("\n\n")
        .context("the defaults begin with an introduction")?;
    let mut page = HEAD.to_owned();
    for paragraph in comment(head).split("\n\n") {
        page.push_str(&format!("\n{paragraph}\n"));
    }
    // The introduction may have several paragraphs, which are comments without a setting.
    let mut body = body;
    while let Some((block, rest)) = body.split_once("\n\n")
        && block.lines().all(|line| line.starts_with('#'))
    {
        page.push_str(&format!("\n{}\n", comment(block)));
        body = rest;
    }
    for section in sections(body)? {
        let title = if section.name.is_empty() {
            "General".to_owned()
        } else {
            format!("`[{}]`", section.name)
        };
        let rows = table(&["setting", "default", "what it does"], &section.rows);
        page.push_str(&format!("\n## {title}\n\n{rows}"));
    }
    Ok(page)
}

/// The parts of the file. A comment stands before a setting, and for those that follow it without a blank line.
fn sections(body: &str) -> Result<Vec<Section>> {
    let mut sections = vec![Section::default()];
    let mut about = String::new();
    let mut is_said = false;
    for line in body.lines() {
        let current = sections.last_mut().context("there is a section")?;
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            sections.push(Section {
                name: name.to_owned(),
                rows: Vec::new(),
            });
        } else if line.starts_with('#') {
            if std::mem::take(&mut is_said) {
                about.clear();
            }
            about.push_str(line);
            about.push('\n');
        } else if let Some((key, value)) = line.split_once(" = ") {
            ensure!(!about.is_empty(), "the setting {key} has no comment");
            let name = format!("{}.{key}", current.name);
            let name = name.trim_start_matches('.');
            current.rows.push(vec![
                format!("`{name}`"),
                format!("`{value}`"),
                comment(&about).replace('\n', " "),
            ]);
            is_said = true;
        } else {
            ensure!(
                line.is_empty(),
                "a line that is neither comment nor setting: {line}"
            );
            about.clear();
        }
    }
    sections.retain(|section| !section.rows.is_empty());
    Ok(sections)
}

/// The text of comment lines; a line with nothing behind its `#` parts paragraphs.
fn comment(lines: &str) -> String {
    let lines = lines
        .lines()
        .map(|line| line.trim_start_matches('#').trim());
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_explain_what_follows() {
        let page = page("# All settings.\n#\n# Later wins.\n\n# Where.\ndata = \"\"\n\n[a]\n# One,\n# two.\nb = 1\nc = 2\n# Three.\nd = 3\n")
            .expect("the example is sound");
        let body = page.split_once("# Settings\n").expect("there is a title").1;
        assert_eq!(
            body,
            "\nAll settings.\n\nLater wins.\n\
             \n## General\n\n| setting | default | what it does |\n|---|---|---|\n| `data` | `\"\"` | Where. |\n\
             \n## `[a]`\n\n| setting | default | what it does |\n|---|---|---|\n| `a.b` | `1` | One, two. |\n\
             | `a.c` | `2` | One, two. |\n| `a.d` | `3` | Three. |\n"
        );
    }

    #[test]
    fn a_setting_without_words_is_refused() {
        assert!(page("# Head.\n\ndata = 1\n").is_err());
        assert!(page("# Head.\n\n# A.\ndata 1\n").is_err());
    }
}

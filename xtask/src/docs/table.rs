//! Tables in Markdown.

/// A table with a header; cells are Markdown already, except for what would end them.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(header.iter().map(|cell| (*cell).to_owned()).collect());
    text.push_str(&format!("|{}\n", "---|".repeat(header.len())));
    for row in rows {
        text.push_str(&line(row.iter().map(|cell| escaped(cell)).collect()));
    }
    text
}

fn escaped(cell: &str) -> String {
    cell.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_do_not_end_early() {
        let text = table(&["a", "b"], &[vec!["1|2".into(), "x\ny".into()]]);
        assert_eq!(text, "| a | b |\n|---|---|\n| 1\\|2 | x y |\n");
    }
}

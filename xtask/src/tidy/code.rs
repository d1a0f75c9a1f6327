//! Rust text without what is no code, so that a search finds code and not talk about it.

/// The same text with comments, and what stands inside quotes, as blanks. Lines keep their numbers.
pub(crate) fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = skipped(&chars, at);
        for &c in &chars[at..end] {
            out.push(if c == '\n' { '\n' } else { ' ' });
        }
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            at = end;
        }
    }
    out
}

/// Which lines (from 0) are compiled for tests only, in blanked code.
pub(crate) fn test_lines(code: &str) -> Vec<bool> {
    let mut is_test = vec![false; code.lines().count()];
    let mut from = 0;
    while let Some(found) = code[from..].find("#[cfg(test)]") {
        let start = from + found;
        let end = item_end(code, start + "#[cfg(test)]".len());
        for line in line_of(code, start)..=line_of(code, end) {
            if let Some(mark) = is_test.get_mut(line) {
                *mark = true;
            }
        }
        from = end;
    }
    is_test
}

/// Where what begins at `at` ends, when it is a comment or a literal; `at` itself when it is code.
fn skipped(chars: &[char], at: usize) -> usize {
    let next = |n: usize| chars.get(at + n).copied();
    match chars[at] {
        '/' if next(1) == Some('/') => find(chars, at, '\n'),
        '/' if next(1) == Some('*') => comment_end(chars, at),
        '"' => quote_end(chars, at + 1, '"'),
        'r' if !is_word(chars, at) => raw_end(chars, at).unwrap_or(at),
        '\'' if next(1) == Some('\\') || next(2) == Some('\'') => quote_end(chars, at + 1, '\''),
        _ => at,
    }
}

/// The character before `at` belongs to a name that goes on here; a `b` or `c` before a quote does not count.
fn is_word(chars: &[char], at: usize) -> bool {
    let before = |n: usize| at.checked_sub(n).map(|i| chars[i]);
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    match before(1) {
        Some('b' | 'c') => is_part(before(2)),
        other => is_part(other),
    }
}

fn find(chars: &[char], from: usize, wanted: char) -> usize {
    let found = chars[from..].iter().position(|c| *c == wanted);
    found.map_or(chars.len(), |n| from + n)
}

fn comment_end(chars: &[char], start: usize) -> usize {
    let (mut depth, mut at) = (0, start);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => {
                depth += 1;
                at += 2;
            }
            ('*', Some('/')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

fn quote_end(chars: &[char], start: usize, quote: char) -> usize {
    let mut at = start;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            c if c == quote => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// `r"…"`, `r#"…"#` and so on; nothing for a raw name (`r#type`).
fn raw_end(chars: &[char], start: usize) -> Option<usize> {
    let fences = chars[start + 1..].iter().take_while(|c| **c == '#').count();
    let mut at = start + 1 + fences;
    if chars.get(at) != Some(&'"') {
        return None;
    }
    loop {
        at = find(chars, at + 1, '"');
        let closing = chars.get(at + 1..at + 1 + fences);
        if at >= chars.len() || closing.is_some_and(|all| all.iter().all(|c| *c == '#')) {
            return Some((at + 1 + fences).min(chars.len()));
        }
    }
}

/// The end of the item that begins at `from`: its semicolon, or the brace that closes its body.
fn item_end(code: &str, from: usize) -> usize {
    let mut depth = 0;
    for (offset, c) in code[from..].char_indices() {
        match c {
            ';' if depth == 0 => return from + offset,
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return from + offset;
                }
            }
            _ => {}
        }
    }
    code.len()
}

fn line_of(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(blank(text).trim_end(), expected);
    }

    #[test]
    fn comments_and_quotes_are_blank() {
        check("a // unsafe", "a");
        check("a /* x /* y */ z */ b", "a                   b");
        check(r#"a("un\"safe", 'x')"#, "a(          ,    )");
        check("a(r#\"x\"y\"#)", "a(        )");
        check("a(br\"x\", c)", "a(b    , c)");
    }

    #[test]
    fn lifetimes_and_raw_names_are_code() {
        check("fn f<'a>(r#type: &'a u8)", "fn f<'a>(r#type: &'a u8)");
        check(r"'\'' 'x", "     'x");
    }

    #[test]
    fn lines_keep_their_numbers() {
        check("\"a\nb\"\n/*\n*/x", "  \n  \n  \n  x");
    }

    #[test]
    fn test_modules_are_known() {
        let code = "fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() {}\n}\nfn c() {}\n";
        assert_eq!(test_lines(code), [false, true, true, true, true, false]);
        let code = "#[cfg(test)]\nmod tests;\nfn c() {}\n";
        assert_eq!(test_lines(code), [true, true, false]);
    }
}

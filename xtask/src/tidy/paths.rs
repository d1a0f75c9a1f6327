//! Which other modules a file names: paths that begin with `crate` or `super`, and `use` trees spread out.

/// Something that tells paths apart.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Name(String),
    Colons,
    Open,
    Close,
    Comma,
    Other(char),
}

/// A path with the line (from 1) on which it begins.
pub(crate) type Named = (usize, Vec<String>);

/// All paths in blanked code that begin with `crate` or `super`.
pub(crate) fn named(code: &str) -> Vec<Named> {
    let tokens = tokens(code);
    let mut out = Vec::new();
    for (at, (line, token)) in tokens.iter().enumerate() {
        let Token::Name(name) = token else { continue };
        let follows = tokens.get(at + 1).map(|(_, token)| token);
        if matches!(name.as_str(), "crate" | "super")
            && follows == Some(&Token::Colons)
            && !is_inside(&tokens, at)
        {
            let mut paths = Vec::new();
            spread(&tokens, at, Vec::new(), &mut paths);
            out.extend(paths.into_iter().map(|path| (*line, path)));
        }
    }
    out
}

/// All paths that `use` lines in blanked code name, whatever they begin with.
pub(crate) fn imported(code: &str) -> Vec<Named> {
    let tokens = tokens(code);
    let mut out = Vec::new();
    for (at, (line, token)) in tokens.iter().enumerate() {
        if *token == Token::Name("use".into()) {
            let mut paths = Vec::new();
            spread(&tokens, at + 1, Vec::new(), &mut paths);
            out.extend(paths.into_iter().map(|path| (*line, path)));
        }
    }
    out
}

/// The `use` tree behind the keyword that ends at `from`, spread out: `use a::{b, c as d}` is `a::b` and `a::c`.
pub(crate) fn tree(code: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    spread(&tokens(code), 0, Vec::new(), &mut paths);
    paths
}

/// `super` in the middle of `super::super`, the `$crate` of a macro, or the scope of a `pub(in crate::a)`.
fn is_inside(tokens: &[(usize, Token)], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|i| &tokens[i].1) else {
        return false;
    };
    *before == Token::Colons || *before == Token::Other('$') || *before == Token::Name("in".into())
}

fn spread(
    tokens: &[(usize, Token)],
    mut at: usize,
    mut path: Vec<String>,
    out: &mut Vec<Vec<String>>,
) -> usize {
    loop {
        match tokens.get(at).map(|(_, token)| token) {
            Some(Token::Name(name)) => {
                path.push(name.clone());
                at += 1;
                if tokens.get(at).map(|(_, token)| token) != Some(&Token::Colons) {
                    out.push(path);
                    return at;
                }
                at += 1;
            }
            Some(Token::Open) => return spread_group(tokens, at + 1, &path, out),
            _ => {
                out.push(path);
                return at;
            }
        }
    }
}

fn spread_group(
    tokens: &[(usize, Token)],
    mut at: usize,
    path: &[String],
    out: &mut Vec<Vec<String>>,
) -> usize {
    while let Some((_, token)) = tokens.get(at) {
        match token {
            Token::Close => return at + 1,
            Token::Name(name) if name == "as" => at += 2,
            Token::Name(_) => at = spread(tokens, at, path.to_vec(), out),
            _ => at += 1,
        }
    }
    at
}

fn tokens(code: &str) -> Vec<(usize, Token)> {
    let mut out = Vec::new();
    let mut line = 1;
    let mut chars = code.chars().peekable();
    while let Some(c) = chars.next() {
        let token = match c {
            '\n' => {
                line += 1;
                continue;
            }
            c if c.is_whitespace() => continue,
            c if c.is_alphanumeric() || c == '_' => {
                let mut name = String::from(c);
                while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || *c == '_') {
                    name.push(c);
                }
                Token::Name(name)
            }
            ':' if chars.next_if_eq(&':').is_some() => Token::Colons,
            '{' => Token::Open,
            '}' => Token::Close,
            ',' => Token::Comma,
            other => Token::Other(other),
        };
        out.push((line, token));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: &str, expected: &[&str]) {
        let found: Vec<String> = named(code)
            .into_iter()
            .map(|(line, path)| format!("{line} {}", path.join("::")))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn paths_are_found() {
        check("use crate::a::B;", &["1 crate::a::B"]);
        check(
            "\nuse super::super::x;\nlet y = crate::z::<u8>();",
            &["2 super::super::x", "3 crate::z"],
        );
        check("pub(crate) fn f() {} $crate::a::b!()", &[]);
        check(
            "pub(in crate::a) fn f(x: crate::b::C) {}",
            &["1 crate::b::C"],
        );
    }

    #[test]
    fn groups_are_spread_out() {
        check(
            "use crate::{a::{self, b as c}, d::*,\n e};",
            &[
                "1 crate::a::self",
                "1 crate::a::b",
                "1 crate::d",
                "1 crate::e",
            ],
        );
        assert_eq!(tree("a::{b, c as d};").len(), 2);
        let imported = imported("fn f() {}\nuse std::{fs, io::{self, Read}};");
        assert_eq!(imported.len(), 3);
        assert_eq!(imported[0], (2, vec!["std".into(), "fs".into()]));
    }
}

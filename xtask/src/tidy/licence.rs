//! Whether what we build on may be given to everybody: permissive licences only.

use super::finding::Finding;
use serde_json::Value;

/// Licences that ask for no more than their own text and name.
const PERMISSIVE: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages whose licence covers their own files and nothing around them: they are built as they were published, never
/// changed and never copied from. OpenMLS has no other HPKE.
const AS_PUBLISHED: &[(&str, &str)] = &[
    ("hpke-rs", "MPL-2.0"),
    ("hpke-rs-crypto", "MPL-2.0"),
    ("hpke-rs-libcrux", "MPL-2.0"),
    ("hpke-rs-rust-crypto", "MPL-2.0"),
];

/// Looks at every package that is built, ours included.
pub(crate) fn check(metadata: &Value) -> Vec<Finding> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let is_fine = |package: &&Value| package["license"].as_str().is_some_and(is_permissive);
    let is_known = |package: &&Value| {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        AS_PUBLISHED.contains(&(text("name"), text("license"))) && package["source"].is_string()
    };
    let finding = |package: &Value| {
        let text = |key: &str| package[key].as_str().unwrap_or("none").to_owned();
        Finding::new(
            "Cargo.lock",
            1,
            format!(
                "{} {} has the licence {}",
                text("name"),
                text("version"),
                text("license")
            ),
            "use another crate, or add the licence to xtask/src/tidy/licence.rs if it is permissive",
        )
    };
    packages
        .filter(|package| !is_fine(package) && !is_known(package))
        .map(finding)
        .collect()
}

/// Reads an SPDX expression (`/` is an old way to write `OR`). `AND` binds closer than `OR`.
fn is_permissive(expression: &str) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    either(&mut rest) == Some(true) && rest.is_empty()
}

fn either(words: &mut &[&str]) -> Option<bool> {
    let mut good = both(words)?;
    while let ["OR", rest @ ..] = *words {
        *words = rest;
        good |= both(words)?;
    }
    Some(good)
}

fn both(words: &mut &[&str]) -> Option<bool> {
    let mut good = one(words)?;
    while let ["AND", rest @ ..] = *words {
        *words = rest;
        good &= one(words)?;
    }
    Some(good)
}

fn one(words: &mut &[&str]) -> Option<bool> {
    if let ["(", rest @ ..] = *words {
        *words = rest;
        let good = either(words)?;
        let [")", rest @ ..] = *words else {
            return None;
        };
        *words = rest;
        return Some(good);
    }
    let (name, rest) = match *words {
        [name, "WITH", exception, rest @ ..] => (format!("{name} WITH {exception}"), rest),
        [name, rest @ ..] => ((*name).to_owned(), rest),
        [] => return None,
    };
    *words = rest;
    Some(PERMISSIVE.contains(&name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn expressions_are_read() {
        let check = |text, expected| assert_eq!(is_permissive(text), expected, "{text}");
        check("MIT", true);
        check("MIT/Apache-2.0", true);
        check("GPL-3.0 OR MIT", true);
        check("GPL-3.0 AND MIT", false);
        check("MIT OR GPL-3.0 AND Zlib", true);
        check("(MIT OR GPL-3.0) AND Unicode-3.0", true);
        check("Apache-2.0 WITH LLVM-exception", true);
        check("Apache-2.0 WITH Other-exception", false);
        check("(MIT", false);
        check("MIT MIT", false);
        check("", false);
    }

    #[test]
    fn an_exception_is_for_one_package_as_published() {
        let count = |name: &str, source: Value| {
            let package =
                json!({"name": name, "version": "1.0.0", "license": "MPL-2.0", "source": source});
            check(&json!({"packages": [package]})).len()
        };
        assert_eq!(count("hpke-rs", json!("registry")), 0);
        assert_eq!(count("hpke-rs", Value::Null), 1);
        assert_eq!(count("other", json!("registry")), 1);
    }

    #[test]
    fn a_package_without_a_licence_is_found() {
        let metadata = json!({"packages": [
            {"name": "a", "version": "1.0.0", "license": "MIT"},
            {"name": "b", "version": "2.0.0", "license": null},
        ]});
        let found = check(&metadata);
        assert_eq!(found.len(), 1);
        assert!(
            found[0]
                .to_string()
                .contains("b 2.0.0 has the licence none")
        );
    }
}

use super::*;

fn check_files(files: &[(&str, &str)], expected: &[&str]) {
    let sources: Vec<Source> = files
        .iter()
        .map(|(path, text)| Source::new(&format!("crates/a/src/{path}"), (*text).into()))
        .collect();
    let found: Vec<String> = check(&sources).iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "{found}");
    }
}

#[test]
fn rooms_use_what_stands_below() {
    check_files(
        &[
            ("lib.rs", "mod low;\npub mod high;\npub use high::Thing;"),
            ("low.rs", "use crate::high::X;\nfn f(x: crate::Thing) {}"),
            ("high.rs", "use crate::low::Y;\nuse crate::Thing;"),
        ],
        &["src/low.rs:1: low uses crate::high::X", "src/low.rs:2:"],
    );
}

#[test]
fn folders_have_an_order_too() {
    check_files(
        &[
            ("lib.rs", "mod a;\nmod b;"),
            ("a/mod.rs", "mod first;\nmod second;"),
            (
                "a/first.rs",
                "use super::second::X;\nuse super::super::b::Y;",
            ),
            ("a/second.rs", "use super::first::X;"),
            ("b.rs", "use crate::a::second::X;"),
        ],
        &[
            "a/first.rs:1: first uses super::second::X",
            "a/first.rs:2: a uses super::super::b::Y",
        ],
    );
}

#[test]
fn a_file_and_its_folder_belong_together() {
    check_files(
        &[
            ("lib.rs", "mod runner;"),
            ("runner.rs", "mod step;\nuse step::Step;\npub struct Stop;"),
            ("runner/step.rs", "use super::Stop;"),
        ],
        &[],
    );
}

#[test]
fn tests_may_use_anything() {
    check_files(
        &[
            ("lib.rs", "mod low;\nmod high;"),
            (
                "low.rs",
                "#[cfg(test)]\nmod tests {\n use crate::high::X;\n}",
            ),
        ],
        &[],
    );
}

#[test]
fn lists_hold_lists_only() {
    check_files(
        &[(
            "lib.rs",
            "#![deny(x)]\n\npub(crate) mod a;\npub use a::{\n B,\n C,\n};\n",
        )],
        &[],
    );
    check_files(&[("lib.rs", "mod a;\n\npub struct B;\n")], &["lib.rs:3:"]);
    check_files(&[("b/mod.rs", "mod c {\n}\n")], &["b/mod.rs:1:"]);
    check_files(&[("b.rs", "pub struct B;\n")], &[]);
}

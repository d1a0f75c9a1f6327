//! Documentation that is written from code, so that it cannot say anything else than the code.

mod table;
mod operations;
mod settings;
mod exits;

use crate::tree::Tree;
use anyhow::{Context, Result, ensure};

/// Writes all of it.
pub(crate) fn write(tree: &Tree) -> Result<()> {
    for (path, text) in generated(tree)? {
        if tree.read(path).is_ok_and(|old| old == text) {
            continue;
        }
        std::fs::write(tree.path(path), text)
            .with_context(|| format!("{path} cannot be written"))?;
        println!("{path} is new");
    }
    Ok(())
}

/// Compares all of it with what stands there.
pub(crate) fn check(tree: &Tree) -> Result<()> {
    let mut old = Vec::new();
    for (path, text) in generated(tree)? {
        if tree.read(path).ok().as_deref() != Some(&text) {
            old.push(path);
        }
    }
    ensure!(
        old.is_empty(),
        "{} is not what the code says: run `cargo xtask docs`",
        old.join(", ")
    );
    Ok(())
}

fn generated(tree: &Tree) -> Result<Vec<(&'static str, String)>> {
    let settings = tree.read("crates/kinora/src/default-config.toml")?;
    let exits = tree.read("crates/kinora/src/exit.rs")?;
    Ok(vec![
        ("docs/operations.md", operations::page()),
        ("docs/settings.md", settings::page(&settings)?),
        ("README.md", exits::fill(&tree.read("README.md")?, &exits)?),
    ])
}

//! The order of rooms inside a crate: a module uses only modules that are declared above it, and the files that
//! declare them (`lib.rs`, `mod.rs`) hold nothing else.
//!
//! A file with modules of its own (`runner.rs` with `runner/`) and these belong together, and may use each other.

use super::finding::Finding;
use super::paths;
use super::source::Source;
use std::collections::{HashMap, HashSet};

/// The modules that one file declares.
#[derive(Debug, Default)]
struct Level {
    rooms: Vec<String>,
    /// Names that are reached through this level, and the room that each comes from.
    exports: HashMap<String, String>,
}

impl Level {
    fn of(source: &Source) -> Self {
        let mut level = Self::default();
        let code: String = source
            .shipped()
            .flat_map(|(_, line)| [line, "\n"])
            .collect();
        for statement in code.split(';') {
            let words = statement.rsplit(']').next().unwrap_or(statement);
            let (is_public, words) = without_visibility(words.trim());
            if let Some(room) = words.strip_prefix("mod ") {
                level.rooms.push(room.trim().to_owned());
            } else if let Some(tree) = words.strip_prefix("use ")
                && is_public
            {
                level.export(tree);
            }
        }
        level
    }

    fn export(&mut self, tree: &str) {
        for path in paths::tree(tree) {
            let own = path.iter().skip_while(|name| *name == "self");
            if let (Some(room), Some(name)) = (own.clone().next(), own.last()) {
                self.exports.insert(name.clone(), room.clone());
            }
        }
    }

    /// Which room, by its place from the bottom, a name leads to.
    fn place(&self, name: &str) -> Option<usize> {
        let find = |wanted: &str| self.rooms.iter().position(|room| room == wanted);
        find(name).or_else(|| find(self.exports.get(name)?))
    }
}

/// Looks at all crates.
pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let shipped = || sources.iter().filter(|source| source.is_shipped());
    let mut levels = HashMap::new();
    for source in shipped() {
        levels.insert((source.room(), module(&source.path)), Level::of(source));
    }
    let mut findings = Vec::new();
    for source in shipped() {
        findings.extend(holds_code(source));
        findings.extend(upward(source, &levels));
    }
    findings
}

/// Uses of rooms that stand higher.
fn upward(source: &Source, levels: &HashMap<(&str, Vec<String>), Level>) -> Vec<Finding> {
    let here = module(&source.path);
    let mut findings = Vec::new();
    let mut said = HashSet::new();
    for (line, path) in paths::named(&source.code) {
        let Some(wanted) = absolute(&here, &path) else {
            continue;
        };
        let common = here.iter().zip(&wanted).take_while(|(a, b)| a == b).count();
        let (Some(mine), Some(other)) = (here.get(common), wanted.get(common)) else {
            continue;
        };
        let Some(level) = levels.get(&(source.room(), here[..common].to_vec())) else {
            continue;
        };
        let is_above = match (level.place(mine), level.place(other)) {
            (Some(mine), Some(other)) => other > mine,
            _ => false,
        };
        let is_said = !said.insert((line, mine.clone(), other.clone()));
        if is_above && !is_said && !source.is_test(line) {
            findings.push(Finding::new(
                &source.path,
                line,
                format!("{mine} uses {}, which stands above it", path.join("::")),
                "move what is needed down, hand it in, or put the mod lines into an order that holds",
            ));
        }
    }
    findings
}

/// Anything but attributes, `mod` lines and `use` lines in a file that declares rooms.
fn holds_code(source: &Source) -> Option<Finding> {
    let name = source.path.rsplit('/').next();
    if !matches!(name, Some("lib.rs" | "mod.rs")) {
        return None;
    }
    let mut is_inside = false;
    let (line, _) = source.shipped().find(|(_, line)| {
        let line = line.trim();
        if line.is_empty() || (!is_inside && (line.starts_with("#[") || line.starts_with("#!["))) {
            return false;
        }
        let (_, words) = without_visibility(line);
        let is_fine = is_inside || words.starts_with("use ") || words.starts_with("mod ");
        let is_block = words.starts_with("mod ") && words.contains('{');
        is_inside = is_fine && !line.ends_with(';');
        !is_fine || is_block
    })?;
    Some(Finding::new(
        &source.path,
        line,
        "lib.rs and mod.rs hold documentation, mod lines and re-exports only",
        "move the code into a file of its own, or make name/mod.rs a name.rs beside name/",
    ))
}

fn without_visibility(words: &str) -> (bool, &str) {
    let Some(rest) = words.strip_prefix("pub") else {
        return (false, words);
    };
    let scope = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
    (true, scope.map_or(rest, |(_, rest)| rest).trim_start())
}

/// `crates/a/src/b/c.rs` is the module `b::c`.
fn module(path: &str) -> Vec<String> {
    let inner = path.split_once("/src/").map_or(path, |(_, inner)| inner);
    let inner = inner.strip_suffix(".rs").unwrap_or(inner);
    let mut parts: Vec<String> = inner.split('/').map(str::to_owned).collect();
    if matches!(
        parts.last().map(String::as_str),
        Some("mod" | "lib" | "main")
    ) {
        parts.pop();
    }
    parts
}

fn absolute(here: &[String], path: &[String]) -> Option<Vec<String>> {
    if path.first()? == "crate" {
        return Some(path[1..].to_vec());
    }
    let ups = path.iter().take_while(|name| *name == "super").count();
    let base = here.get(..here.len().checked_sub(ups)?)?;
    Some(base.iter().chain(&path[ups..]).cloned().collect())
}

#[cfg(test)]
mod tests;

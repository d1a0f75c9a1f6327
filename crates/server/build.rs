//! Embeds the page: every file of `web/dist` where it has been built, else the few of `page/`.
//!
//! Writes a table that `http/page.rs` includes. A file `x.br` or `x.gz` beside `x` is the same content, compressed
//! beforehand.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or(io::ErrorKind::NotFound)?);
    let built = here.join("../../web/dist");
    println!("cargo::rerun-if-changed=page");
    // A path that is missing would count as changed for ever; until there is a page, its appearance is watched for.
    let watched = [built.clone(), here.join("../../web")];
    if let Some(watched) = watched.iter().find(|path| path.is_dir()) {
        println!("cargo::rerun-if-changed={}", watched.display());
    }
    let root = match built.join("index.html").is_file() {
        true => built.canonicalize()?,
        false => here.join("page"),
    };
    let mut paths = Vec::new();
    walk(&root, &mut paths)?;
    paths.sort();
    let mut table = String::from("&[\n");
    for path in &paths {
        let name = path.strip_prefix(&root).map_err(io::Error::other)?;
        let name = name.to_str().ok_or(io::ErrorKind::InvalidData)?;
        // Writing to a string cannot fail.
        let _ = writeln!(table, "    ({name:?}, include_bytes!({path:?})),");
    }
    table.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    fs::write(out.join("page.rs"), table)
}

fn walk(directory: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", directory.display());
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        match path.is_dir() {
            true => walk(&path, paths)?,
            false => paths.push(path),
        }
    }
    Ok(())
}

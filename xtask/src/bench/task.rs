//! A job from the client's side: sent, watched, fetched, confirmed; and the FFmpeg that does it.

use super::load::{Connection, drain, new_key};
use super::process;
use super::server::Server;
use anyhow::{Context, Result, bail, ensure};
use kinora_mmp::reply::{Delivery, Reply};
use serde_json::{Value, json};
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long an accepted job may take until its FFmpeg runs.
const START: Duration = Duration::from_secs(60);

/// Sends a file and its order; the job's id comes back.
pub(crate) fn submit(
    connection: &mut Connection,
    file: &Path,
    operation: &str,
    parameters: &Value,
) -> Result<String> {
    let mut source = File::open(file)?;
    let order = json!({
        "action": "upload", "operation": operation, "parameters": parameters,
        "idempotency_key": new_key(), "ext": ["digest", "resume", "job"],
    });
    let ending = file.extension().unwrap_or_default().to_string_lossy();
    connection.send(&order, &ending, source.metadata()?.len())?;
    io::copy(&mut source, &mut connection.stream)?;
    match Reply::parse(&connection.answer()?)? {
        Reply::Accepted { task_id } => Ok(task_id),
        other => bail!("the job was not accepted: {other:?}"),
    }
}

/// Watches a job until it is completed.
pub(crate) fn wait(connection: &mut Connection, task: &str) -> Result<()> {
    let request = json!({"action": "status", "task_id": task, "watch": true, "ext": ["job"]});
    connection.send(&request, "", 0)?;
    loop {
        match Reply::parse(&connection.answer()?)? {
            Reply::State(state) if !state.is_final() => {}
            Reply::State(state) if state.status == "completed" => return Ok(()),
            other => bail!("the job came to nothing: {other:?}"),
        }
    }
}

/// Fetches a result into nothing; `each` sees its bytes.
pub(crate) fn download(
    connection: &mut Connection,
    task: &str,
    each: impl FnMut(&[u8]),
) -> Result<Delivery> {
    let request =
        json!({"action": "download", "task_id": task, "ext": ["digest", "resume", "job"]});
    connection.send(&request, "", 0)?;
    match Reply::parse(&connection.answer()?)? {
        Reply::Result(delivery) => {
            let length = delivery.payload_len;
            let drained = drain(&mut connection.stream, length, each)?;
            ensure!(drained == length, "the result ended early");
            Ok(delivery)
        }
        other => bail!("there is no result: {other:?}"),
    }
}

/// The same, with the digest compared, and the server told that it may delete it.
pub(crate) fn fetch(connection: &mut Connection, task: &str) -> Result<()> {
    let mut hasher = blake3::Hasher::new();
    let delivery = download(connection, task, |bytes| {
        hasher.update(bytes);
    })?;
    let digest = hasher.finalize().to_hex().to_string();
    ensure!(
        delivery.digest.as_deref() == Some(&digest),
        "the result arrived as something else"
    );
    let confirm = json!({"action": "confirm", "task_id": task, "ext": ["digest", "resume", "job"]});
    match connection.ask(&confirm)? {
        Reply::Success(_) => Ok(()),
        other => bail!("the result was not confirmed: {other:?}"),
    }
}

/// Ends a job whose result nobody wants.
pub(crate) fn cancel(connection: &mut Connection, task: &str) -> Result<()> {
    connection.ask(&json!({"action": "cancel", "task_id": task}))?;
    Ok(())
}

/// The FFmpeg that the server runs now: its id and its words.
pub(crate) fn ffmpeg_of(server: &Server) -> Result<(u32, Vec<String>)> {
    let until = Instant::now() + START;
    loop {
        let running = process::children(server.id()).into_iter().find_map(|id| {
            let words = process::arguments(id);
            let program = Path::new(words.first()?).file_name()?.to_str()?;
            (program == "ffmpeg").then_some((id, words))
        });
        if let Some(found) = running {
            return Ok(found);
        }
        ensure!(Instant::now() < until, "the server started no ffmpeg");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The same argument list for another input and output: the one stands behind `-i`, the other at the end.
pub(crate) fn redirect(words: &[String], input: &Path, output: &Path) -> Result<Vec<String>> {
    let mut words = words.to_vec();
    let at = words
        .iter()
        .position(|word| word == "-i")
        .context("no input")?;
    ensure!(at + 2 < words.len(), "no output");
    words[at + 1] = format!("file:{}", input.display());
    if let Some(last) = words.last_mut() {
        *last = format!("file:{}", output.display());
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_files_of_an_argument_list_change() {
        let words = ["ffmpeg", "-y", "-i", "file:a", "-crf", "23", "file:b"];
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        let other = redirect(&words, Path::new("c"), Path::new("d")).unwrap();
        assert_eq!(other.join(" "), "ffmpeg -y -i file:c -crf 23 file:d");
        assert!(redirect(&words[..4], Path::new("c"), Path::new("d")).is_err());
    }
}

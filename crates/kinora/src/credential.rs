//! Which token is shown to which server.
//!
//! A file in the user's configuration directory has a line for each server, `HOST:PORT TOKEN`. It is for its owner
//! alone, and what it says of a server goes before KINORA_TOKEN, which every server is shown that is asked.

use crate::config::layers::{Variables, home_directory};
use crate::exit::Exit;
use crate::report::{Failure, Outcome};
use kinora_client::{Address, Token};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A file of tokens has no more bytes than this.
const MOST_BYTES: u64 = 1 << 20;

/// The token for a server: the flag's, else the file's, else the environment's.
///
/// # Errors
/// When what is given cannot be one, or the file is open to others.
pub(crate) fn find(
    flag: Option<&Token>,
    variables: &Variables,
    server: &Address,
) -> Outcome<Option<Token>> {
    if let Some(token) = flag {
        return checked(token.clone(), "--token").map(Some);
    }
    if let Some(path) = place(variables)
        && let Some(text) = read(&path)?
        && let Some(token) = line_for(&text, server)
    {
        return checked(token, &path.display().to_string()).map(Some);
    }
    let given = variables
        .get("KINORA_TOKEN")
        .filter(|text| !text.is_empty());
    let token = given.and_then(|text| text.parse().ok());
    token
        .map(|token| checked(token, "KINORA_TOKEN"))
        .transpose()
}

fn place(variables: &Variables) -> Option<PathBuf> {
    home_directory(variables, "XDG_CONFIG_HOME", ".config").map(|dir| dir.join("kinora/tokens"))
}

fn read(path: &Path) -> Outcome<Option<String>> {
    let unreadable = |error: io::Error| {
        Failure::new(
            Exit::File,
            "unreadable_tokens",
            format!("cannot read {}: {error}", path.display()),
            "make it a file of lines HOST:PORT TOKEN, or remove it",
        )
    };
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(unreadable)?,
    };
    let mode = file.metadata().map_err(unreadable)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(Failure::new(
            Exit::File,
            "open_tokens",
            format!("{} can be read or written by others", path.display()),
            format!("chmod 600 {}", path.display()),
        ));
    }
    let mut text = String::new();
    let mut bounded = file.take(MOST_BYTES);
    bounded.read_to_string(&mut text).map_err(unreadable)?;
    Ok(Some(text))
}

/// The token in the first line that names this server. Lines that begin with `#` are for people.
fn line_for(text: &str, server: &Address) -> Option<Token> {
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    lines
        .filter_map(|line| line.trim().split_once(char::is_whitespace))
        .find(|(address, _)| {
            address
                .parse::<Address>()
                .is_ok_and(|address| address == *server)
        })
        .and_then(|(_, token)| token.parse().ok())
}

fn checked(token: Token, origin: &str) -> Outcome<Token> {
    if token.is_plausible() {
        return Ok(token);
    }
    Err(Failure::new(
        Exit::Usage,
        "invalid_token",
        format!("{origin}: this is not a token"),
        "give what `kinora token create` printed: it begins with kin_",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};

    fn code(found: &Outcome<Option<Token>>) -> &str {
        found.as_ref().map_or_else(
            |failure| failure.code.as_str(),
            |found| {
                if found.is_some() { "found" } else { "none" }
            },
        )
    }

    #[test]
    fn a_token_is_found_for_its_server() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("kinora/tokens");
        fs::create_dir(place.path().join("kinora")).unwrap();
        let write = |text: &str, mode| {
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        };
        let home = place.path().to_string_lossy().into_owned();
        let mut variables = Variables::from([("XDG_CONFIG_HOME".to_owned(), home)]);
        let address: Address = "studio.lan".parse().unwrap();
        assert_eq!(code(&find(None, &variables, &address)), "none");
        write(
            "# mine\nother:9001 kin_other\n studio.lan:9001  kin_abc\n",
            0o600,
        );
        let found = find(None, &variables, &address).unwrap();
        assert_eq!(found, "kin_abc".parse().ok());
        variables.insert("KINORA_TOKEN".into(), "kin_env".into());
        assert_eq!(find(None, &variables, &address).unwrap(), found);
        let third: Address = "third".parse().unwrap();
        assert_eq!(
            find(None, &variables, &third).unwrap(),
            "kin_env".parse().ok()
        );
        let flag: Token = "kin_flag".parse().unwrap();
        assert_eq!(find(Some(&flag), &variables, &address).unwrap(), Some(flag));
        write("studio.lan kin_abc", 0o640);
        assert_eq!(code(&find(None, &variables, &address)), "open_tokens");
        write("studio.lan hunter2", 0o600);
        let wrong = find(None, &variables, &address);
        assert_eq!(code(&wrong), "invalid_token");
        assert!(!format!("{wrong:?}").contains("hunter2"), "{wrong:?}");
    }
}

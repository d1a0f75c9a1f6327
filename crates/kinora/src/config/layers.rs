//! The pile of layers, and what is in force at its top.

use super::file;
use super::keys::{self, KEYS, Key, Kind, Reader};
use super::value;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// The reference: every setting with its default and what it means. `kinora config` prints it.
pub(crate) const REFERENCE: &str = include_str!("../default-config.toml");

/// Variables of the environment that are no settings but ours all the same.
const OTHER_VARIABLES: &[&str] = &["KINORA_CONFIG", "KINORA_SERVER", "KINORA_TOKEN"];

/// The environment, as an argument.
pub(crate) type Variables = BTreeMap<String, String>;

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flags {
    /// `--config`.
    pub(crate) config: Option<PathBuf>,
    /// Flags that set a key: path of the key, value, and the flag's name.
    pub(crate) set: Vec<(String, String, String)>,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The reference.
    BuiltIn,
    /// A file's line.
    File(PathBuf, usize),
    /// A variable.
    Variable(String),
    /// A flag.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("built in"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// A setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// The origin, and what is wrong there.
    pub(crate) description: String,
    /// What to do.
    pub(crate) solution: String,
}

/// A setting in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Which.
    pub(crate) key: &'static str,
    /// As it was written.
    pub(crate) text: String,
    /// By whom.
    pub(crate) origin: Origin,
}

/// All settings in force.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    values: BTreeMap<&'static str, Setting>,
    variables: Variables,
    /// Things that look like mistakes but may be none.
    pub(crate) warnings: Vec<String>,
}

impl Settings {
    /// Reads all layers.
    ///
    /// # Errors
    /// The first thing that is wrong in any of them, also where a later layer would hide it.
    pub(crate) fn load(flags: &Flags, variables: &Variables) -> Result<Self, Mistake> {
        let mut settings = Self {
            values: BTreeMap::new(),
            variables: variables.clone(),
            warnings: unknown_variables(variables),
        };
        settings.add_file(Path::new("default-config.toml"), REFERENCE, true)?;
        if let Some(path) = config_file(flags, variables) {
            let text = std::fs::read_to_string(&path).map_err(|error| Mistake {
                description: format!("cannot read {}: {error}", path.display()),
                solution: "give the path of a file like the one that `kinora config` prints".into(),
            })?;
            settings.add_file(&path, &text, false)?;
        }
        for key in KEYS {
            let variable = key.variable();
            if let Some(text) = variables.get(&variable).filter(|text| !text.is_empty()) {
                settings.add(key, text.clone(), Origin::Variable(variable))?;
            }
        }
        for (path, text, flag) in &flags.set {
            settings.add(
                flag_key(path, flag)?,
                text.clone(),
                Origin::Flag(flag.clone()),
            )?;
        }
        Ok(settings)
    }

    /// The settings, in the reference's order.
    pub(crate) fn in_force(&self) -> impl Iterator<Item = &Setting> {
        KEYS.iter().filter_map(|key| self.values.get(key.path))
    }

    /// The text of a setting; empty where it is not set.
    #[must_use]
    pub(crate) fn text(&self, path: &str) -> &str {
        self.values.get(path).map_or("", |setting| &setting.text)
    }

    /// The number of a setting.
    #[must_use]
    pub(crate) fn number(&self, path: &str) -> u64 {
        // Each value was read as its kind when it came in.
        let read = keys::find(path).and_then(|key| value::read(key.kind, self.text(path)).ok());
        read.and_then(|value| value.as_u64()).unwrap_or(0)
    }

    /// Where everything is kept: as set, or where this user's programs keep such things.
    #[must_use]
    pub(crate) fn data(&self) -> PathBuf {
        match self.text("data") {
            "" => automatic_data(&self.variables),
            path => path.into(),
        }
    }

    /// What the server takes.
    ///
    /// # Errors
    /// A value that is of its kind, but that the server's struct refuses (an address, a number too large).
    pub(crate) fn server(&self) -> Result<kinora_server::Config, Mistake> {
        let mut config = kinora_server::Config::default();
        for key in KEYS.iter().filter(|key| key.reader == Reader::Server) {
            // One key after the other, so that an error has an origin.
            let Some(setting) = self.values.get(key.path) else {
                continue;
            };
            let merged = read(key, setting).and_then(|value| merge(&config, key.path, value));
            config = merged.map_err(|reason| mistake(setting, &reason))?;
        }
        config.data = self.data();
        Ok(config)
    }

    fn add_file(&mut self, path: &Path, text: &str, built_in: bool) -> Result<(), Mistake> {
        let entries = file::parse(text).map_err(|mistake| Mistake {
            description: format!(
                "{}:{}: {}",
                path.display(),
                mistake.line,
                mistake.description
            ),
            solution: mistake.solution,
        })?;
        for entry in entries {
            let origin = match built_in {
                true => Origin::BuiltIn,
                false => Origin::File(path.into(), entry.line),
            };
            if let Some(key) = keys::find(entry.path) {
                self.add(key, entry.text, origin)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, key: &'static Key, text: String, origin: Origin) -> Result<(), Mistake> {
        let setting = Setting {
            key: key.path,
            text,
            origin,
        };
        read(key, &setting).map_err(|reason| mistake(&setting, &reason))?;
        self.values.insert(key.path, setting);
        Ok(())
    }
}

impl Setting {
    /// As a line of TOML, valid at the top of a file.
    #[must_use]
    pub(crate) fn toml(&self) -> String {
        let value = match keys::find(self.key).map(|key| key.kind) {
            Some(Kind::List) => {
                let items: Vec<_> = self
                    .text
                    .split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty())
                    .map(quoted)
                    .collect();
                format!("[{}]", items.join(", "))
            }
            Some(Kind::Numbers) => format!("[{}]", self.text),
            Some(Kind::Integer | Kind::Switch) => self.text.clone(),
            _ => quoted(&self.text),
        };
        format!("{} = {value}", self.key)
    }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn read(key: &Key, setting: &Setting) -> Result<Value, String> {
    value::read(key.kind, &setting.text)
}

fn mistake(setting: &Setting, reason: &str) -> Mistake {
    Mistake {
        description: format!("{}: {}: {reason}", setting.origin, setting.key),
        solution: "see `kinora config` for what each setting may be".into(),
    }
}

fn flag_key(path: &str, flag: &str) -> Result<&'static Key, Mistake> {
    keys::find(path).ok_or_else(|| Mistake {
        description: format!("flag {flag}: unknown key \"{path}\""),
        solution: match keys::nearest(path) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => "see `kinora config` for all that there are".into(),
        },
    })
}

/// The config with one value replaced.
fn merge(
    config: &kinora_server::Config,
    path: &str,
    value: Value,
) -> Result<kinora_server::Config, String> {
    let mut tree = serde_json::to_value(config).map_err(|error| error.to_string())?;
    let mut place = &mut tree;
    for name in path.split('.') {
        let members = place
            .as_object_mut()
            .ok_or("the server has no such section")?;
        place = members.entry(name).or_insert(Value::Object(Map::new()));
    }
    *place = value;
    serde_json::from_value(tree).map_err(|error| error.to_string())
}

/// The file to read: named, or one of the usual ones if it is there; the user's own before the machine's.
fn config_file(flags: &Flags, variables: &Variables) -> Option<PathBuf> {
    let named = variables
        .get("KINORA_CONFIG")
        .filter(|path| !path.is_empty());
    if let Some(path) = flags.config.clone().or_else(|| named.map(PathBuf::from)) {
        return Some(path);
    }
    let own = home_directory(variables, "XDG_CONFIG_HOME", ".config")
        .map(|dir| dir.join("kinora/kinora.toml"));
    let usual = own
        .into_iter()
        .chain([PathBuf::from("/etc/kinora/kinora.toml")]);
    usual.into_iter().find(|path| path.is_file())
}

/// A directory of the XDG base directory specification.
#[must_use]
pub(crate) fn home_directory(
    variables: &Variables,
    variable: &str,
    below_home: &str,
) -> Option<PathBuf> {
    let absolute = |path: &String| Path::new(path).is_absolute();
    match variables.get(variable).filter(|path| absolute(path)) {
        Some(path) => Some(path.into()),
        None => variables
            .get("HOME")
            .filter(|path| absolute(path))
            .map(|home| Path::new(home).join(below_home)),
    }
}

fn automatic_data(variables: &Variables) -> PathBuf {
    // Under systemd's StateDirectory= the service manager has made the directory; a list is separated by colons.
    if let Some(given) = variables
        .get("STATE_DIRECTORY")
        .and_then(|list| list.split(':').next())
    {
        return given.into();
    }
    let system = || PathBuf::from("/var/lib/kinora");
    if rustix::process::geteuid().is_root() {
        return system();
    }
    home_directory(variables, "XDG_DATA_HOME", ".local/share")
        .map_or_else(system, |dir| dir.join("kinora"))
}

/// Variables that are spelled almost like a setting's. Others may belong to anybody: container platforms invent
/// `KINORA_PORT` and the like for a service of this name.
fn unknown_variables(variables: &Variables) -> Vec<String> {
    let known: Vec<String> = KEYS.iter().map(Key::variable).collect();
    let ours = |name: &str| known.iter().any(|k| k == name) || OTHER_VARIABLES.contains(&name);
    let unknown = variables
        .keys()
        .filter(|name| name.starts_with("KINORA_") && !ours(name));
    unknown
        .filter_map(|name| {
            let near = keys::closest(
                &name["KINORA_".len()..],
                known.iter().map(|k| &k["KINORA_".len()..]),
            )?;
            Some(format!(
                "the variable {name} is no setting; did you mean KINORA_{near}?"
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests;

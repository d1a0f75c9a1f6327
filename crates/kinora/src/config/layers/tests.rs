//! The layers over each other, and the words for what is wrong in them.

use super::*;

fn variables(pairs: &[(&str, &str)]) -> Variables {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// Loads with a file of that text, which is called `k.toml` in what comes back.
fn load(
    text: &str,
    environment: &[(&str, &str)],
    set: &[(&str, &str)],
) -> Result<Settings, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("k.toml");
    std::fs::write(&path, text).unwrap();
    let flags = Flags {
        config: Some(path),
        set: set
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into(), "--set".into()))
            .collect(),
    };
    let place = format!("{}/", dir.path().display());
    Settings::load(&flags, &variables(environment)).map_err(|mistake| {
        format!("{} | {}", mistake.description, mistake.solution).replace(&place, "")
    })
}

fn check_mistake(text: &str, expected: &str) {
    assert_eq!(load(text, &[], &[]).map(|_| ()), Err(expected.to_owned()));
}

#[test]
fn the_reference_names_each_key_once_and_in_order() {
    let settings = load("", &[], &[]).unwrap();
    let lines: Vec<_> = file::parse(REFERENCE).unwrap();
    assert_eq!(lines.len(), KEYS.len());
    assert_eq!(settings.in_force().count(), KEYS.len());
    let mut by_line: Vec<_> = lines.iter().map(|entry| (entry.line, entry.path)).collect();
    by_line.sort_unstable();
    let paths: Vec<_> = by_line.into_iter().map(|(_, path)| path).collect();
    assert_eq!(paths, KEYS.iter().map(|key| key.path).collect::<Vec<_>>());
}

#[test]
fn the_reference_has_the_defaults_of_the_rooms() {
    let mut config = load("data = \"d\"", &[], &[]).unwrap().server().unwrap();
    config.data = kinora_server::Config::default().data;
    assert_eq!(config, kinora_server::Config::default());
}

#[test]
fn the_table_has_all_that_the_server_reads() {
    fn leaves(value: &Value, path: String, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                let below = |name: &String| {
                    if path.is_empty() {
                        name.clone()
                    } else {
                        format!("{path}.{name}")
                    }
                };
                members
                    .iter()
                    .for_each(|(name, value)| leaves(value, below(name), found));
            }
            _ => found.push(path),
        }
    }
    let mut found = Vec::new();
    leaves(
        &serde_json::to_value(kinora_server::Config::default()).unwrap(),
        String::new(),
        &mut found,
    );
    let mut expected: Vec<_> = KEYS
        .iter()
        .filter(|key| key.reader == Reader::Server)
        .map(|key| key.path)
        .collect();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn later_layers_win_and_say_where_they_stand() {
    let text = "[storage]\nceiling = \"1 TB\"\nmargin = \"1 GB\"\nresult_keep = \"2h\"\n";
    let environment = [
        ("KINORA_STORAGE_MARGIN", "3 GB"),
        ("KINORA_STORAGE_RESULT_KEEP", "3h"),
    ];
    let settings = load(text, &environment, &[("storage.result_keep", "4h")]).unwrap();
    let config = settings.server().unwrap();
    assert_eq!(config.storage.ceiling, 1_000_000_000_000);
    assert_eq!(config.storage.margin, 3_000_000_000);
    assert_eq!(config.storage.result_keep, 4 * 3600);
    let origin = |key: &str| {
        let mut all = settings.in_force();
        &all.find(|setting| setting.key == key).unwrap().origin
    };
    assert!(matches!(origin("storage.ceiling"), Origin::File(_, 2)));
    assert_eq!(
        origin("storage.margin"),
        &Origin::Variable("KINORA_STORAGE_MARGIN".into())
    );
    assert_eq!(origin("storage.result_keep"), &Origin::Flag("--set".into()));
    assert_eq!(origin("storage.upload_keep"), &Origin::BuiltIn);
}

#[test]
fn lists_come_from_every_layer() {
    let listen = |settings: Settings| settings.server().unwrap().mmp.listen.len();
    assert_eq!(
        listen(load("mmp.listen = [\"127.0.0.1:1\", \"[::1]:2\"]", &[], &[]).unwrap()),
        2
    );
    assert_eq!(
        listen(
            load(
                "",
                &[("KINORA_MMP_LISTEN", "127.0.0.1:1,127.0.0.1:2, 127.0.0.1:3")],
                &[]
            )
            .unwrap()
        ),
        3
    );
}

#[test]
fn mistakes_name_file_line_and_what_was_meant() {
    check_mistake(
        "[storage]\n\ncieling = \"1 TB\"\n",
        "k.toml:3: unknown key \"storage.cieling\" | did you mean \"storage.ceiling\"?",
    );
    check_mistake(
        "ceiling = 1\n",
        "k.toml:1: unknown key \"ceiling\" | did you mean \"storage.ceiling\"?",
    );
    check_mistake(
        "[storrage]\nmargin = 1",
        "k.toml:1: unknown section \"storrage\" | did you mean \"storage\"?",
    );
    check_mistake(
        "xyz = 1",
        "k.toml:1: unknown key \"xyz\" | see `kinora config` for all that there are",
    );
    check_mistake(
        "[share]\nmode = \"cgroups\"",
        "k.toml:2: share.mode: \"cgroups\" is none of auto, cgroup, priority, off (did you mean \"cgroup\"?) \
         | see `kinora config` for what each setting may be",
    );
    check_mistake(
        "[mmp]\nlisten = 9001",
        "k.toml:2: mmp.listen: integer is not possible here, write a list of texts, [\"...\"] \
         | see `kinora config` for how each value is written",
    );
}

#[test]
fn what_only_the_server_can_refuse_has_an_origin_too() {
    let mistake = load("", &[("KINORA_MMP_LISTEN", "localhost")], &[])
        .unwrap()
        .server()
        .unwrap_err();
    assert!(
        mistake
            .description
            .starts_with("environment KINORA_MMP_LISTEN: mmp.listen: "),
        "{}",
        mistake.description
    );
}

#[test]
fn misspelt_variables_are_worth_a_word_and_foreign_ones_are_not() {
    let environment = [
        ("KINORA_STORAGE_CIELING", "1"),
        ("KINORA_PORT_9001_TCP", "tcp://10.0.0.1"),
        ("KINORA_SERVER", "h"),
    ];
    let settings = load("", &environment, &[]).unwrap();
    assert_eq!(
        settings.warnings,
        ["the variable KINORA_STORAGE_CIELING is no setting; did you mean KINORA_STORAGE_CEILING?"]
    );
}

#[test]
fn the_data_directory_finds_its_place() {
    let data = |environment: &[(&str, &str)]| load("", environment, &[]).unwrap().data();
    assert_eq!(
        data(&[("STATE_DIRECTORY", "/var/lib/private/k:/x")]),
        Path::new("/var/lib/private/k")
    );
    assert_eq!(
        data(&[("KINORA_DATA", "/srv/k"), ("STATE_DIRECTORY", "/y")]),
        Path::new("/srv/k")
    );
}

#[test]
fn what_is_in_force_is_valid_toml() {
    let settings = load("", &[], &[]).unwrap();
    let text: String = settings
        .in_force()
        .map(|setting| setting.toml() + "\n")
        .collect();
    let again = load(&text, &[], &[]).unwrap();
    assert_eq!(again.server().unwrap(), settings.server().unwrap());
}

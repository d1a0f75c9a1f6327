//! The command line as data: which commands there are and which flags they take.
//!
//! The operations come from the table of `kinora_media`, so a new operation is a new command without a line here;
//! everything else is derived from the structs below.

pub(crate) mod operations;

use crate::config;
use crate::exit;
use crate::proof::Form;
use crate::units;
use clap::{Args, Command, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint};
use kinora_client::{Address, Pin, Token};
use kinora_server::access::Scope;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// What the user wants.
#[derive(Debug)]
pub(crate) enum Order {
    /// One of the operations.
    Operation(operations::Order),
    /// One of the other commands.
    Other(Other),
}

const ABOUT: &str = "Compress, resize, cut and convert videos on a server, or here";

/// Flags of all commands.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct Global {
    /// Print JSON lines on standard output: events, results and errors
    #[arg(long, global = true, display_order = 900)]
    pub(crate) json: bool,
    /// Draw no progress
    #[arg(long, short, global = true, display_order = 901)]
    pub(crate) quiet: bool,
}

/// Commands that are no operations.
#[derive(Debug, Subcommand)]
pub(crate) enum Other {
    /// List your jobs and where they stand
    #[command(after_help = "Example:\n  kinora jobs")]
    Jobs(Jobs),
    /// Show where a job stands
    #[command(after_help = "Example:\n  kinora status 7k2m")]
    Status(One),
    /// Wait for a job and fetch its result
    #[command(after_help = "Example:\n  kinora fetch 7k2m -o holiday.small.mp4")]
    Fetch(Fetch),
    /// Keep a job's result in the server's library
    #[command(after_help = "Example:\n  kinora keep 7k2m --name 'Our holiday'")]
    Keep(Keep),
    /// Cancel a job
    #[command(after_help = "Example:\n  kinora cancel 7k2m")]
    Cancel(One),
    /// List operations, their options, and what each may be
    #[command(after_help = "Example:\n  kinora formats")]
    Formats,
    /// List what a server has to be watched
    #[command(after_help = "Examples:\n  kinora library\n  kinora library holiday 2024")]
    Library(Titles),
    /// Watch a title of a server's library, in mpv or ffplay
    #[command(
        after_help = "Examples:\n  kinora play holiday\n  kinora play holiday --height 720 --at 12:31 --subs en\n  kinora play holiday --staged"
    )]
    Play(Play),
    /// Print a link to a title; who has it can watch, until it expires or is taken back
    #[command(
        after_help = "Examples:\n  kinora share holiday --expires 7d\n  kinora share --list --data /srv/kinora\n  kinora share --revoke 3f09c1d25ab7 --data /srv/kinora"
    )]
    Share(Share),
    /// Talk with the other people of a server; what is said the server cannot read
    #[command(
        after_help = "Examples:\n  kinora chat --name asha\n  kinora chat send ravi - < letter.txt\n  kinora chat send ravi --title holiday --at 12:31\n  kinora chat listen --json\n  kinora chat link"
    )]
    Chat(Chat),
    /// Run a server
    #[command(
        after_help = "Examples:\n  kinora serve\n  kinora serve --mmp-listen 0.0.0.0:9001 --set access=tokens --data /srv/kinora"
    )]
    Serve(Serve),
    /// Stop the server of a data directory, and wait until it is gone
    #[command(after_help = "Example:\n  kinora stop --data /srv/kinora")]
    Stop(Stop),
    /// Make, list and take back the tokens of a server's users
    #[command(
        subcommand,
        after_help = "Examples:\n  kinora token create ann --expires 30d\n  kinora token list\n  kinora token revoke ann"
    )]
    Token(TokenCommand),
    /// Say that a server is known by the key that it shows now, or that it is spoken to without TLS
    #[command(
        after_help = "Examples:\n  kinora trust studio.lan\n  kinora trust studio.lan sha256//LHDhK3oGRvkiefQnx7OOczTY5Tic/xZ6HcMOc/gmtoM=\n  kinora trust studio.lan --plain"
    )]
    Trust(Trust),
    /// Show what this machine offers for video work, and what each missing piece costs
    #[command(after_help = "Example:\n  kinora doctor")]
    Doctor(Settings),
    /// Print the commented reference of all settings, or those in force
    #[command(after_help = "Examples:\n  kinora config > kinora.toml\n  kinora config --effective")]
    Config(Config),
    /// Print completions for a shell
    #[command(after_help = "Example:\n  kinora completions bash > /etc/bash_completion.d/kinora")]
    Completions(Completions),
    /// Write the man pages into a directory
    #[command(after_help = "Example:\n  kinora man /usr/local/share/man/man1")]
    Man(Man),
    /// Try to get out of the sandbox, from inside; the server runs this
    #[command(
        name = "try-the-sandbox",
        hide = true,
        after_help = "Example:\n  kinora try-the-sandbox INPUT DIRECTORY"
    )]
    TryTheSandbox(TryTheSandbox),
    /// What each exit code means
    #[command(name = "exit-codes", long_about = exit_codes())]
    ExitCodes,
}

/// How to reach a server, and how long to wait for it.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Server")]
pub(crate) struct Connection {
    /// The server [default: KINORA_SERVER, else 127.0.0.1:9001]
    #[arg(long, value_name = "HOST:PORT", value_hint = ValueHint::Hostname)]
    pub(crate) server: Option<Address>,
    #[command(flatten)]
    pub(crate) credential: Credential,
    /// Ask for the job's state after so much silence
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = units::span)]
    pub(crate) check_interval: Duration,
    /// Wait no longer than this for the result; the job then goes on at the server
    #[arg(long, value_name = "TIME", value_parser = units::span)]
    pub(crate) max_wait: Option<Duration>,
}

/// What a server asks for that does not serve everybody.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Server")]
pub(crate) struct Credential {
    /// The token of the server; others on this machine may see it here, and not in KINORA_TOKEN or the file of tokens
    #[arg(long, value_name = "TOKEN")]
    pub(crate) token: Option<Token>,
    /// Do without TLS, on a network that you trust; never with a token beyond this machine
    #[arg(long)]
    pub(crate) plain: bool,
}

/// Whether to show how a compression was chosen and what it measures.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct Report {
    /// Show how the result was made and how good it is in every scene: here, as JSON, or as a page beside it
    #[arg(
        id = "report",
        long = "report",
        value_name = "FORM",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "text"
    )]
    pub(crate) form: Option<Form>,
}

/// `kinora try-the-sandbox`
#[derive(Args, Debug)]
pub(crate) struct TryTheSandbox {
    /// The file that may be read
    pub(crate) input: PathBuf,
    /// The directory that may be written
    pub(crate) work: PathBuf,
}

/// Which settings to use.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Settings")]
pub(crate) struct Settings {
    /// Read settings from this file instead of the usual places
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Set one setting, as in --set storage.ceiling=1TB
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment)]
    pub(crate) set: Vec<(String, String)>,
    /// How much of the sandbox around FFmpeg has to be there: full, degraded, off
    #[arg(long, value_name = "MODE", value_parser = ["full", "degraded", "off"])]
    pub(crate) sandbox: Option<String>,
}

/// The server whose library is meant.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Server")]
pub(crate) struct Shelf {
    /// The server [default: KINORA_SERVER, else 127.0.0.1:9001]
    #[arg(long, value_name = "HOST:PORT", value_hint = ValueHint::Hostname)]
    pub(crate) server: Option<Address>,
    #[command(flatten)]
    pub(crate) credential: Credential,
}

/// `kinora library`
#[derive(Args, Debug)]
pub(crate) struct Titles {
    /// Words that have to stand in the name
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) shelf: Shelf,
}

/// `kinora play`
#[derive(Args, Debug)]
pub(crate) struct Play {
    /// The title's name, or words that only it has
    #[arg(required = true)]
    pub(crate) title: Vec<String>,
    /// At this height, in lines
    #[arg(long, value_name = "LINES", conflicts_with = "staged")]
    pub(crate) height: Option<u32>,
    /// The first third at the lowest height, the second at the middle one, the last at the highest
    #[arg(long)]
    pub(crate) staged: bool,
    /// Begin here
    #[arg(long, value_name = "TIME", value_parser = units::position)]
    pub(crate) at: Option<f64>,
    /// Show the subtitles of this language, or of this name; else the player only has them to choose from
    #[arg(long, value_name = "LANG", conflicts_with = "no_subs")]
    pub(crate) subs: Option<String>,
    /// Give the player no subtitles
    #[arg(long)]
    pub(crate) no_subs: bool,
    #[command(flatten)]
    pub(crate) shelf: Shelf,
}

/// `kinora share`
#[derive(Args, Debug)]
pub(crate) struct Share {
    /// The title's name, or words that only it has
    #[arg(required_unless_present_any = ["list", "revoke", "revoke_all"], conflicts_with = "files")]
    pub(crate) title: Vec<String>,
    /// How long the link is good, unless links are taken back before or the token that asks for it is
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = units::span)]
    pub(crate) expires: Duration,
    /// List the links that are good, of the server of a data directory; works on its files, as `kinora token` does
    #[arg(long, group = "files")]
    pub(crate) list: bool,
    /// Take back one of them, by its id in the list, or any link by its address
    #[arg(long, value_name = "ID|LINK", group = "files")]
    pub(crate) revoke: Option<String>,
    /// Take back every link that the server of a data directory has given
    #[arg(long, group = "files")]
    pub(crate) revoke_all: bool,
    /// That data directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, requires = "files")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) shelf: Shelf,
}

/// `kinora chat`
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Chat {
    #[command(subcommand)]
    pub(crate) command: Option<ChatCommand>,
    /// Plain lines in and out, for pipes and screen readers; else the whole terminal is used, where there is one
    #[arg(long)]
    pub(crate) line: bool,
    #[command(flatten)]
    pub(crate) place: ChatPlace,
}

/// One thing, and no conversation.
#[derive(Debug, Subcommand)]
pub(crate) enum ChatCommand {
    /// Send one message, and end when the server has it
    #[command(
        after_help = "Examples:\n  kinora chat send ravi see you at eight\n  kinora chat send ravi - < letter.txt\n  kinora chat send ravi --title holiday --at 12:31\n  kinora chat send ravi --file report.pdf"
    )]
    Send(ChatSend),
    /// Keep a file that came with a message; nothing is overwritten
    #[command(after_help = "Examples:\n  kinora chat save 12\n  kinora chat save 12 films/")]
    Save(ChatSave),
    /// Print what comes, one line each, until Ctrl-C
    #[command(
        after_help = "Examples:\n  kinora chat listen --json\n  kinora chat listen --save inbox/"
    )]
    Listen(ChatListen),
    /// Make this a further device of your name; or, with the code that a new device shows, let that one in
    #[command(
        after_help = "Examples:\n  kinora chat link --device laptop        # on the new device: shows a code, and waits\n  kinora chat link KINORA-LINK-AFAY-…     # on one that has your name: prints the answer"
    )]
    Link(ChatLink),
    /// List the devices of your name; or remove one, for good
    #[command(
        after_help = "Examples:\n  kinora chat devices\n  kinora chat devices --remove laptop"
    )]
    Devices(ChatDevices),
    /// Keep your identity, whom you know and what was said in one file that a passphrase opens
    #[command(after_help = "Example:\n  kinora chat backup asha.age")]
    Backup(ChatBackup),
    /// Bring a backup back, as a new device of your name
    #[command(
        after_help = "Examples:\n  kinora chat restore asha.age --device laptop\n  kinora chat devices --remove old-laptop   # then, if the old one is lost"
    )]
    Restore(ChatRestore),
}

/// `kinora chat backup`
#[derive(Args, Debug)]
pub(crate) struct ChatBackup {
    /// The new file; nothing is overwritten
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Take the passphrase from the first line of this file, instead of asking
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) shelf: Shelf,
}

/// `kinora chat restore`
#[derive(Args, Debug)]
pub(crate) struct ChatRestore {
    /// The backup
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Take the passphrase from the first line of this file, instead of asking
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// The name that has to be in it
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// What others see this device called [default: terminal]
    #[arg(long, value_name = "LABEL")]
    pub(crate) device: Option<String>,
    #[command(flatten)]
    pub(crate) shelf: Shelf,
}

/// `kinora chat devices`
#[derive(Args, Debug)]
pub(crate) struct ChatDevices {
    /// Remove this one: its label, or its id. It is let in no more, and conversations go on with keys that it has not
    #[arg(long, value_name = "DEVICE")]
    pub(crate) remove: Option<String>,
    /// Do not ask
    #[arg(long, requires = "remove")]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) shelf: Shelf,
}

/// `kinora chat save`
#[derive(Args, Debug)]
pub(crate) struct ChatSave {
    /// The number that stands beside the file's name
    #[arg(value_name = "NUMBER")]
    pub(crate) id: i64,
    /// Where to: a directory, or a name that is free
    #[arg(value_name = "PATH", default_value = ".", value_hint = ValueHint::AnyPath)]
    pub(crate) to: PathBuf,
    #[command(flatten)]
    pub(crate) place: ChatPlace,
}

/// `kinora chat listen`
#[derive(Args, Debug)]
pub(crate) struct ChatListen {
    /// Keep every file that comes in this directory, under a name that is free
    #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
    pub(crate) save: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) place: ChatPlace,
}

/// `kinora chat link`
#[derive(Args, Debug)]
pub(crate) struct ChatLink {
    /// What the new device shows
    pub(crate) code: Option<String>,
    /// What others see the new device called [default: terminal]
    #[arg(long, value_name = "NAME", conflicts_with = "code")]
    pub(crate) device: Option<String>,
    #[command(flatten)]
    pub(crate) shelf: Shelf,
}

/// `kinora chat send`
#[derive(Args, Debug)]
pub(crate) struct ChatSend {
    /// To whom
    pub(crate) to: String,
    /// What; "-" takes it from standard input
    #[arg(required_unless_present_any = ["title", "file"], conflicts_with_all = ["title", "file"])]
    pub(crate) text: Vec<String>,
    /// A file instead
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath, conflicts_with = "title")]
    pub(crate) file: Option<PathBuf>,
    /// A title of the library instead: its name, or words that only it has
    #[arg(long, value_name = "TITLE")]
    pub(crate) title: Option<String>,
    /// From when to watch it
    #[arg(long, value_name = "TIME", value_parser = units::position, requires = "title")]
    pub(crate) at: Option<f64>,
    #[command(flatten)]
    pub(crate) place: ChatPlace,
}

/// At which server, and as whom.
#[derive(Args, Debug)]
#[command(next_help_heading = "Server")]
pub(crate) struct ChatPlace {
    /// Your name there, at the first use; then it is remembered, with its keys
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Tell nobody this time that their messages came, that they were read, and that you are writing, and be told nothing
    /// of that; /receipts off is for always
    #[arg(long)]
    pub(crate) no_receipts: bool,
    #[command(flatten)]
    pub(crate) shelf: Shelf,
}

/// `kinora jobs`
#[derive(Args, Debug)]
pub(crate) struct Jobs {
    /// Only those at this server
    #[arg(long, value_name = "HOST:PORT", value_hint = ValueHint::Hostname)]
    pub(crate) server: Option<Address>,
}

/// A command about one job.
#[derive(Args, Debug)]
pub(crate) struct One {
    /// The job's id, or a beginning of it that only one of your jobs has
    pub(crate) id: String,
    /// The server, for a job that `kinora jobs` does not list
    #[arg(long, value_name = "HOST:PORT", value_hint = ValueHint::Hostname)]
    pub(crate) server: Option<Address>,
    #[command(flatten)]
    pub(crate) credential: Credential,
}

/// `kinora keep`
#[derive(Args, Debug)]
pub(crate) struct Keep {
    #[command(flatten)]
    pub(crate) job: One,
    /// What it is to be called there [default: as its original]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
}

/// `kinora fetch`
#[derive(Args, Debug)]
pub(crate) struct Fetch {
    /// The job's id, or a beginning of it that only one of your jobs has
    pub(crate) id: String,
    /// Where to: a file, or a directory [default: beside the job's input]
    #[arg(long, short, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) output: Option<PathBuf>,
    /// Overwrite the output if it exists
    #[arg(long, short)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) report: Report,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// `kinora serve`
#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Where MMP clients connect; may be repeated
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) mmp_listen: Vec<String>,
    /// Where browsers and other HTTP clients connect; may be repeated, "off" for nowhere
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) http_listen: Vec<String>,
    /// Where everything is kept
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) data: Option<PathBuf>,
    /// A folder whose videos may be watched, with all below it; may be repeated
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) library: Vec<PathBuf>,
    /// Also write one log file a day for each component into this directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) log_dir: Option<PathBuf>,
    /// Go on in the background once it listens
    #[arg(long)]
    pub(crate) detach: bool,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// `kinora stop`
#[derive(Args, Debug)]
pub(crate) struct Stop {
    /// The server's data directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// `kinora token`
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token and print it: this once, for only its hash is kept
    #[command(after_help = "Example:\n  kinora token create ann --scope process --expires 30d")]
    Create(TokenCreate),
    /// List the tokens
    #[command(after_help = "Example:\n  kinora token list")]
    List(TokenPlace),
    /// Take a token back; it is worth nothing from now on
    #[command(after_help = "Example:\n  kinora token revoke ann")]
    Revoke(TokenRevoke),
}

/// `kinora token create`
#[derive(Args, Debug)]
pub(crate) struct TokenCreate {
    /// Whose it is: jobs belong to this name
    pub(crate) name: String,
    /// What it allows: process, watch, administer; several separated by commas
    #[arg(
        long,
        value_name = "SCOPES",
        value_delimiter = ',',
        default_value = "process"
    )]
    pub(crate) scope: Vec<Scope>,
    /// How long it is good [default: until it is taken back]
    #[arg(long, value_name = "TIME", value_parser = units::span)]
    pub(crate) expires: Option<Duration>,
    #[command(flatten)]
    pub(crate) place: TokenPlace,
}

/// `kinora token revoke`
#[derive(Args, Debug)]
pub(crate) struct TokenRevoke {
    /// Whose it is
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) place: TokenPlace,
}

/// Which server's tokens.
#[derive(Args, Debug)]
pub(crate) struct TokenPlace {
    /// The server's data directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// `kinora trust`
#[derive(Args, Debug)]
pub(crate) struct Trust {
    /// The server
    #[arg(value_name = "HOST:PORT", value_hint = ValueHint::Hostname)]
    pub(crate) server: Address,
    /// The key that it has to show, as its `kinora doctor` prints it
    #[arg(value_name = "KEY", conflicts_with = "plain")]
    pub(crate) key: Option<Pin>,
    /// Speak to it without TLS from now on
    #[arg(long)]
    pub(crate) plain: bool,
}

/// `kinora config`
#[derive(Args, Debug)]
pub(crate) struct Config {
    /// Print the settings in force, and where each comes from
    #[arg(long)]
    pub(crate) effective: bool,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// `kinora completions`
#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// Which shell
    pub(crate) shell: clap_complete::Shell,
}

/// `kinora man`
#[derive(Args, Debug)]
pub(crate) struct Man {
    /// The directory; it is made if it is not there
    #[arg(value_hint = ValueHint::DirPath)]
    pub(crate) directory: PathBuf,
}

/// Only to derive from; see [`command`].
#[derive(Parser)]
#[command(
    name = "kinora",
    version,
    after_help = "Examples:\n  kinora serve\n  kinora compress holiday.mp4 --target-size 25MB\n  kinora gif holiday.mp4 --start 1:30 --duration 5\n\nExit codes: kinora help exit-codes",
    arg_required_else_help = true,
    subcommand_required = true,
    disable_help_subcommand = false
)]
struct Root {
    #[command(flatten)]
    global: Global,
}

impl Settings {
    /// As layers; the other flags of the command come behind.
    #[must_use]
    pub(crate) fn flags(&self) -> config::Flags {
        let set = self
            .set
            .iter()
            .map(|(key, value)| (key.clone(), value.clone(), "--set".to_owned()));
        let sandbox = self.sandbox.iter();
        let sandbox = sandbox.map(|mode| ("sandbox.mode".into(), mode.clone(), "--sandbox".into()));
        config::Flags {
            config: self.config.clone(),
            set: set.chain(sandbox).collect(),
        }
    }
}

/// The whole command line.
#[must_use]
pub(crate) fn command() -> Command {
    let root = <Root as clap::CommandFactory>::command();
    // The description comes last: each derived part would put its own in its place.
    Other::augment_subcommands(root.subcommands(operations::commands())).about(ABOUT)
}

/// Reads the arguments.
///
/// # Errors
/// What clap says: also for `--help` and `--version`.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<(Global, Order), clap::Error> {
    let matches = command().try_get_matches_from(joined(arguments))?;
    let global = Global::from_arg_matches(&matches)?;
    let order = match matches.subcommand() {
        Some((name, inner)) if operations::is_one(name) => {
            Order::Operation(operations::Order::read(name, inner)?)
        }
        _ => Order::Other(Other::from_arg_matches(&matches)?),
    };
    Ok((global, order))
}

/// `--report html` means `--report=html`: the value is optional, so that clap by itself would take it for a file. A file
/// of such a name can be written as `./html`.
fn joined(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut joined: Vec<OsString> = Vec::new();
    let mut is_over = false;
    for argument in arguments {
        let is_form = Form::value_variants().iter().any(|form| {
            let value = form.to_possible_value();
            value.is_some_and(|value| argument == value.get_name())
        });
        match joined.last_mut() {
            Some(last) if !is_over && is_form && last == "--report" => {
                last.push("=");
                last.push(argument);
            }
            _ => {
                is_over |= argument == "--";
                joined.push(argument);
            }
        }
    }
    joined
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

fn exit_codes() -> String {
    format!("What each exit code means\n\n{}", exit::table())
}

#[cfg(test)]
mod tests;

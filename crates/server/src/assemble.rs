//! The server as a whole: what is started in which order, and stopped in the reverse.

use crate::access::Tokens;
use crate::config::Config;
use crate::counters::Counters;
use crate::library::{Library, Workshop};
use crate::listen::gate::Gate;
use crate::listen::{self, Serve, stopped};
use crate::quota::Quota;
use crate::results::Results;
use crate::services::{HttpDoor, Services};
use crate::talk::{ParcelParts, Talk};
use crate::tasks::Tasks;
use crate::tls::{self, Demand, Exposed, Keeper, Shown};
use crate::uploads::Uploads;
use crate::{access, http, mmp};
use kinora_jobs::engine::{Keep, Parts};
use kinora_jobs::sandbox::{Cage, Share, Tools};
use kinora_jobs::{Engine, problem};
use kinora_store::contract::{Blobs, Problem, Records};
use kinora_store::parcel::Parcels;
use kinora_store::{files, sqlite};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Threads that may block on disk and database at the same time.
const BLOCKING_THREADS: usize = 16;

/// A running server.
#[derive(Debug)]
pub struct Server {
    addresses: Vec<SocketAddr>,
    http_addresses: Vec<SocketAddr>,
    stopping: watch::Sender<bool>,
    doors: Vec<JoinHandle<()>>,
    keeper: Option<Arc<Keeper>>,
    engine: Arc<Engine>,
    library: Arc<Library>,
    share: Arc<Share>,
    /// Last: everything above lives on it.
    runtime: Runtime,
}

impl Server {
    /// Starts everything: the data directory first (its lock tells whether we are alone), then the processor's
    /// division (threads inherit their group), the programs, the engine, and the doors last, so that nobody is let in
    /// before everything works.
    ///
    /// # Errors
    /// What is missing, and what to do.
    pub fn start(config: Config) -> Result<Self, Problem> {
        let listen = || config.mmp.listen.iter().chain(&config.http.listen);
        access::check(config.access, listen())?;
        tls::check(&config.tls, config.access, &exposed(&config))?;
        // The directory itself is made by the tree, for its owner alone.
        let above = config.data.parent().unwrap_or(&config.data);
        std::fs::create_dir_all(above)
            .map_err(|e| problem::of_machine(&above.display().to_string(), &e))?;
        let tree = files::Tree::open(&config.data).map_err(|f| data_problem(&f, &config.data))?;
        let keeper = keeper(&config)?;
        let database = sqlite::Database::open(&config.data.join("kinora.db"))
            .map_err(|f| data_problem(&f, &config.data))?;
        let post = sqlite::PostOffice::open(&config.data.join("talk.db"))
            .map_err(|f| data_problem(&f, &config.data))?;
        let share = Share::establish(&config.share).map_err(|reason| Problem {
            code: "share_unavailable".into(),
            description: format!("control groups cannot be used: {reason}"),
            solution: "set [share] mode = \"auto\", or delegate a control group to the server"
                .into(),
        })?;
        tracing::info!(share = share.describe(), "processor");
        let share = Arc::new(share);
        let is_exposed = listen().any(|at| !at.ip().is_loopback());
        let cage = Cage::establish(&config.sandbox, is_exposed)?.of_server(&config.data);
        tracing::info!(cage = cage.describe(), "sandbox");
        let tools = Tools::find(&config.ffmpeg, cage)?;
        for build in &tools.builds {
            tracing::info!(version = build.version, ffmpeg = %build.path.display(), "ffmpeg");
        }
        let records: Arc<dyn Records> = Arc::new(database);
        let blobs: Arc<dyn Blobs> = Arc::new(tree);
        let mut storage = config.storage.clone();
        if storage.client_percent == 0 {
            storage.client_percent = if is_exposed { 50 } else { 100 };
        }
        let tools = Arc::new(tools);
        let engine = Engine::start(Parts {
            records: Arc::clone(&records),
            blobs: Arc::clone(&blobs),
            tools: Arc::clone(&tools),
            share: Arc::clone(&share),
            config: config.jobs.clone(),
            keep: Keep {
                result: millis(storage.result_keep),
                tombstone: millis(storage.tombstone_keep),
            },
            margin: storage.margin,
        });
        let engine = Arc::new(engine.map_err(|f| problem::of_store(&f))?);
        let own = Arc::new(Tools {
            cage: Cage::establish(&config.sandbox, is_exposed)?,
            ..(*tools).clone()
        });
        let workshop = Workshop {
            av1: Workshop::led_to_av1([&tools, &own]),
            own,
            tools,
            share: Arc::clone(&share),
            place: std::path::absolute(&config.data)
                .map_err(|e| problem::of_machine("the data directory", &e))?
                .join("work"),
            stall: Duration::from_secs(config.jobs.stall.max(1)),
            time: Duration::from_secs(config.jobs.max_duration.max(1)),
            margin: storage.margin,
            threads: threads(),
            aside: engine.aside(),
        };
        let counters = Arc::new(Counters::default());
        let tokens = Tokens::open(&config.data)?;
        tracing::info!(access = ?config.access, tokens = tokens.count(), "access");
        let library = Library::start(&config.library, &config.data, workshop)?;
        let library = Arc::new(library);
        let depot = files::Depot::open(&config.data).map_err(|f| data_problem(&f, &config.data))?;
        let post = Arc::new(post);
        let parcels = ParcelParts {
            records: Arc::clone(&post) as Arc<dyn Parcels>,
            depot: Arc::new(depot),
            config: config.talk.clone(),
            jobs: Arc::clone(&records),
            ceiling: storage.ceiling,
            upload_keep_s: storage.upload_keep,
            margin: storage.margin,
        };
        let uploads = Uploads::new(
            Arc::clone(&records),
            Arc::clone(&blobs),
            Arc::clone(&engine),
            Arc::clone(&counters),
            Arc::clone(&parcels.records),
            storage.clone(),
            config.jobs.client_limit.max(1),
        );
        let talk = Talk::start(post, parcels)?;
        let services = Arc::new(Services {
            access: config.access,
            tokens,
            uploads,
            results: Results::new(Arc::clone(&records), blobs, storage.clone()),
            tasks: Tasks::new(records, Arc::clone(&engine)),
            library: Arc::clone(&library),
            talk: Arc::clone(&talk),
            http: OnceLock::new(),
            engine: Arc::clone(&engine),
            counters,
            share: Arc::clone(&share),
            ceiling: storage.ceiling,
        });
        // Not worth refusing to start: it concerns space that is given back in an hour.
        if let Err(fault) = services.uploads.park_all() {
            tracing::warn!(
                code = fault.problem.code,
                "space of broken uploads is still held"
            );
        }
        let runtime = runtime(&share).map_err(|e| problem::of_machine("the runtime", &e))?;
        let (stopping, stop) = watch::channel(false);
        let demand = Demand::of(&config.tls, config.access);
        let gate =
            |protocol: &str, with_old| Gate::new(keeper.as_ref(), demand, protocol, with_old);
        let mmp = mmp::listener::Door {
            services: Arc::clone(&services),
            networks: Arc::new(mmp::Networks::of(&config.mmp)),
            // Clients of this protocol are younger than TLS 1.3.
            gate: gate("mmp", false).with_patience(config.mmp.patience),
            quota: Quota::new(config.mmp.client_connections, config.mmp.client_rate),
            patience: config.mmp.patience,
            stopping: stop.clone(),
        };
        let mut doors = Vec::new();
        let mut http_addresses = Vec::new();
        if !config.http.listen.is_empty() {
            let gate = gate("http/1.1", true).with_patience(config.http.patience);
            let found = Arc::clone(&services);
            let door = http::Door::new(services, &config, gate, stop.clone())?;
            let most = config.http.max_connections;
            let (listen, http) = open_door(
                &runtime,
                &HTTP,
                &config.http.listen,
                most,
                door,
                stop.clone(),
            )?;
            if let Some(first) = listen.first() {
                let tls = keeper.is_some();
                let port = first.port();
                // Told once: no other door has the name.
                let _ = found.http.set(HttpDoor { port, tls });
            }
            http_addresses = listen;
            doors.push(http);
        }
        // Behind HTTP, whose port it tells from its first answer on.
        let most = config.mmp.max_connections;
        let (addresses, mmp) =
            open_door(&runtime, &MMP, &config.mmp.listen, most, mmp, stop.clone())?;
        doors.push(mmp);
        doors.push(runtime.spawn(talk.attend(stop.clone())));
        if let Some(keeper) = &keeper {
            doors.push(runtime.spawn(keep(Arc::clone(keeper), stop)));
        }
        Ok(Self {
            addresses,
            http_addresses,
            stopping,
            doors,
            keeper,
            engine,
            library,
            share,
            runtime,
        })
    }

    /// How the certificate in force is known; none where TLS is off.
    #[must_use]
    pub fn certificate(&self) -> Option<Shown> {
        self.keeper.as_ref().map(|keeper| keeper.shown())
    }

    /// Takes the certificate up anew if its files have changed, now rather than at the next look.
    pub fn reload(&self) {
        if let Some(keeper) = &self.keeper {
            keeper.refresh();
        }
    }

    /// Where MMP is listened for, with the real ports.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Where HTTP is listened for, with the real ports.
    #[must_use]
    pub fn http_addresses(&self) -> &[SocketAddr] {
        &self.http_addresses
    }

    /// How the processor is divided.
    #[must_use]
    pub fn share(&self) -> String {
        self.share.describe()
    }

    /// Drains: nobody new is let in, running jobs go back into the queue, connections get a moment to end.
    pub fn stop(mut self) {
        tracing::info!("stopping");
        self.stopping.send_replace(true);
        self.library.stop();
        self.engine.stop();
        for door in self.doors.drain(..) {
            // A door that panicked has been logged; stopping goes on.
            let _ = self.runtime.block_on(door);
        }
        tracing::info!("stopped");
    }
}

/// What has to be known of the doors before TLS can be off.
fn exposed(config: &Config) -> [Exposed<'_>; 2] {
    let (mmp, http) = (&config.mmp, &config.http);
    let mmp = Exposed {
        door: "mmp",
        listen: &mmp.listen,
        is_guarded: !mmp.proxies.is_empty() || !mmp.trust.is_empty(),
    };
    let http = Exposed {
        door: "http",
        listen: &http.listen,
        is_guarded: !http.proxies.is_empty(),
    };
    [mmp, http]
}

fn keeper(config: &Config) -> Result<Option<Arc<Keeper>>, Problem> {
    if config.tls.mode == tls::Mode::Off {
        return Ok(None);
    }
    let listen = config.mmp.listen.iter().chain(&config.http.listen);
    let names = tls::names(listen.map(SocketAddr::ip), &config.http.hosts);
    Keeper::open(&config.tls, &config.data, &names).map(Some)
}

/// Looks after the certificate until the server stops.
async fn keep(keeper: Arc<Keeper>, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(tls::PACE) => {}
            () = stopped(&mut stop) => return,
        }
        let keeper = Arc::clone(&keeper);
        // A panic has been logged; the certificate in force stays.
        let _ = tokio::task::spawn_blocking(move || keeper.refresh()).await;
    }
}

/// How a door is called.
struct Kind {
    name: &'static str,
    flag: &'static str,
}

const MMP: Kind = Kind {
    name: "mmp",
    flag: "--mmp-listen",
};
const HTTP: Kind = Kind {
    name: "http",
    flag: "--http-listen (\"off\" for nowhere)",
};

fn open_door(
    runtime: &Runtime,
    kind: &Kind,
    listen: &[SocketAddr],
    max_connections: usize,
    door: impl Serve,
    stop: watch::Receiver<bool>,
) -> Result<(Vec<SocketAddr>, JoinHandle<()>), Problem> {
    let _inside = runtime.enter();
    let mut listeners = Vec::new();
    let mut addresses = Vec::new();
    for &address in listen {
        let listener = listen::bind(address).map_err(|error| Problem {
            code: "cannot_listen".into(),
            description: format!("{address}: {error}"),
            solution: format!(
                "choose another address with {}, or stop what listens there",
                kind.flag
            ),
        })?;
        addresses.push(listener.local_addr().unwrap_or(address));
        listeners.push(listener);
    }
    let door = runtime.spawn(listen::run(listeners, max_connections, door, stop));
    tracing::info!(?addresses, door = kind.name, "listening");
    Ok((addresses, door))
}

/// A thread for each core: what is sent and received on the same core costs two thirds of what it costs across two. The
/// share keeps three fifths of the processor for video (MMP §1), not their number.
fn runtime(share: &Arc<Share>) -> std::io::Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = Arc::clone(share);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores)
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_name("serve")
        .on_thread_start(move || share.yield_this_thread())
        .enable_all()
        .build()
}

/// Threads of what is made for the library.
fn threads() -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    kinora_jobs::policy::threads(cores, 1)
}

fn data_problem(fault: &kinora_store::Fault, data: &Path) -> Problem {
    let known = problem::of_store(fault);
    let solution = match fault {
        kinora_store::Fault::Conflict { .. } => {
            "another server uses this data directory: stop it, or choose another with --data"
        }
        _ => "check that the directory exists or can be made, and is writable",
    };
    Problem {
        description: format!("{}: {fault}", data.display()),
        solution: solution.into(),
        ..known
    }
}

fn millis(seconds: u64) -> i64 {
    i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX / 4)
}

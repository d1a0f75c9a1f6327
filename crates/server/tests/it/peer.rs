//! A server on a free port with its own directory.

use crate::wire::Peer;
use kinora_server::{Config, Server};
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

pub(crate) struct House {
    pub(crate) server: Option<Server>,
    pub(crate) config: Config,
    _root: tempfile::TempDir,
}

impl House {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut config = Config {
            data: root.path().join("data"),
            ..Config::default()
        };
        config.mmp.listen = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
        config.http.listen = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
        config.share.mode = kinora_jobs::ShareMode::Priority;
        config.storage.margin = 0;
        change(&mut config);
        let mut house = Self {
            server: None,
            config,
            _root: root,
        };
        house.start();
        house
    }

    pub(crate) fn start(&mut self) {
        self.server = Some(Server::start(self.config.clone()).expect("the server starts"));
    }

    pub(crate) fn stop(&mut self) {
        self.server.take().expect("it runs").stop();
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.as_ref().expect("it runs").addresses()[0]
    }

    pub(crate) fn http(&self) -> SocketAddr {
        self.server.as_ref().expect("it runs").http_addresses()[0]
    }

    pub(crate) fn connect(&self) -> Peer {
        Peer::connect(self.address())
    }

    /// A client with an address of its own.
    pub(crate) fn connect_as(&self, last: u8) -> Peer {
        Peer::connect_as(self.address(), last)
    }

    /// Files that are kept, the database aside.
    pub(crate) fn kept(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for room in ["incoming", "inputs", "work", "results"] {
            let entries = fs::read_dir(self.config.data.join(room))
                .into_iter()
                .flatten();
            files.extend(entries.map(|e| e.unwrap().path()));
        }
        files
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }
}

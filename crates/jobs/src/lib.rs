//! Gets a job done, safely: states and policy, the processes, and the workers that lease jobs from the store.
//!
//! Everything here is blocking code on threads of its own. A worker's thread is the parent of its FFmpeg for as long
//! as that lives, so the kernel ends the child when the server dies (`PR_SET_PDEATHSIG` is tied to the thread).

pub mod config;
pub mod policy;
pub mod clock;
pub mod problem;
pub mod order;
pub mod sandbox;
pub mod stills;
mod stall;
pub mod runner;
mod live;
pub mod tally;
mod shared;
mod janitor;
mod worker;
pub mod engine;
pub mod doctor;

pub use config::{
    AcceptMode, Config, PerClient, Programs, SandboxConfig, SandboxMode, ShareConfig, ShareMode,
};
pub use engine::Engine;
pub use order::Order;
// What the engine tells, for rooms that have no store of their own.
pub use kinora_store::contract::{Problem, Progress};

//! The contract as tests: every backend passes them, each test on a fresh store with a clock of its own.
//!
//! It is a plain module and not a feature, because one set of features builds everything once; a binary that does not
//! call it does not contain it. Nothing here knows a backend.
#![expect(clippy::unwrap_used, reason = "these are tests")]

mod tasks;
mod uploads;
mod queue;
mod turns;
mod leases;
mod endings;
mod races;
mod blobs;
mod post;
mod parcels;

use crate::contract::{Blobs, Records};
use crate::parcel::Depot;
use crate::post::Post;

pub use parcels::Both;

/// A test of one face of the store: its name, and what it does.
pub type Case<Face> = (&'static str, fn(&Face));

/// Every test of [`Records`].
pub const RECORDS: &[&[Case<dyn Records>]] = &[
    uploads::CASES,
    queue::CASES,
    turns::CASES,
    leases::CASES,
    endings::CASES,
    races::CASES,
];

/// Every test of [`Blobs`].
pub const BLOBS: &[Case<dyn Blobs>] = blobs::CASES;

/// Every test of [`Post`].
pub const POST: &[Case<dyn Post>] = post::CASES;

/// Every test of [`Parcels`](crate::parcel::Parcels), on a store that keeps the post, too.
pub const PARCELS: &[Case<dyn Both>] = parcels::CASES;

/// Every test of [`Depot`].
pub const DEPOT: &[Case<dyn Depot>] = parcels::DEPOT;

/// Runs all tests of [`Records`], each on a store that `make` has just made.
///
/// # Panics
/// When the backend breaks the contract.
pub fn records(make: &dyn Fn() -> Box<dyn Records>) {
    for (_, case) in RECORDS.iter().copied().flatten() {
        case(&*make());
    }
}

/// Runs all tests of [`Blobs`], each on a store that `make` has just made.
///
/// # Panics
/// When the backend breaks the contract.
pub fn blobs(make: &dyn Fn() -> Box<dyn Blobs>) {
    for (_, case) in BLOBS {
        case(&*make());
    }
}

/// Runs all tests of [`Post`], each on a store that `make` has just made.
///
/// # Panics
/// When the backend breaks the contract.
pub fn post(make: &dyn Fn() -> Box<dyn Post>) {
    for (_, case) in POST {
        case(&*make());
    }
}

/// Runs all tests of [`Parcels`](crate::parcel::Parcels), each on a store that `make` has just made.
///
/// # Panics
/// When the backend breaks the contract.
pub fn parcels(make: &dyn Fn() -> Box<dyn Both>) {
    for (_, case) in PARCELS {
        case(&*make());
    }
}

/// Runs all tests of [`Depot`], each on a store that `make` has just made.
///
/// # Panics
/// When the backend breaks the contract.
pub fn depot(make: &dyn Fn() -> Box<dyn Depot>) {
    for (_, case) in DEPOT {
        case(&*make());
    }
}

/// `expression` answers with this fault, and the text shows what it was otherwise.
macro_rules! refused {
    ($expression:expr, $fault:pat) => {
        match $expression {
            Err($fault) => {}
            other => panic!(
                "{} should be refused with {}, but: {:?}",
                stringify!($expression),
                stringify!($fault),
                other.map(|_| "Ok")
            ),
        }
    };
}
use refused;

/// The cases of a module by their names.
macro_rules! cases {
    ($face:ty: $($name:ident),+ $(,)?) => {
        pub(super) const CASES: &[super::Case<$face>] = &[$((stringify!($name), $name)),+];
    };
}
use cases;

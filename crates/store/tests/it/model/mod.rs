//! Random lives of many tasks: after every step the store says what a simple model in memory says.
//!
//! `reference` is the contract once more, in the shortest words that can be checked by eye; `step` is what may happen.

mod reference;
mod step;

use crate::scratch;
use kinora_store::contract::Records;
use kinora_store::sqlite::Database;
use proptest::prelude::*;
use reference::Reference;
use step::{Step, World};

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_store_does_what_the_model_does(steps in prop::collection::vec(step::strategy(), 1..80)) {
        let directory = scratch::quick();
        let path = directory.path().join("kinora.db");
        let mut world = World::new(Database::open(&path).unwrap());
        for step in steps {
            if matches!(step, Step::Restart) {
                world = world.restarted(|| Database::open(&path).unwrap());
            } else {
                world.take(&step);
            }
            agree(&world.store, &world.model);
        }
        world.drain();
        agree(&world.store, &world.model);
        assert!(world.model.tasks.iter().all(|task| task.is_over()), "a job has no end");
        world.store.check().unwrap();
    }
}

/// Everything that can be seen of the store is as in the model.
fn agree(store: &Database, model: &Reference) {
    assert_eq!(store.totals().unwrap(), model.totals());
    let mut owners = store.owners().unwrap();
    owners.working.sort();
    owners.finished.sort();
    assert_eq!(owners, model.owners());
    let order = model.order_of_claims();
    for task in &model.tasks {
        let job = store.job(&task.id).unwrap();
        assert_eq!(
            job.as_ref().map(|job| job.state),
            task.job_state(),
            "{:?}",
            task.id
        );
        let place = order.iter().position(|id| *id == task.id);
        let place = place.map(|before| before as u64 + 1);
        assert_eq!(store.place(&task.id).unwrap(), place, "{:?}", task.id);
        let Some(job) = job else { continue };
        assert_eq!(
            (job.attempt, job.cancel_requested),
            (task.attempt, task.cancel_requested)
        );
        assert_eq!(job.expires_at, task.expires_at);
        assert_eq!(job.finished_at, task.finished_at);
    }
    for client in step::CLIENTS {
        assert_eq!(store.unfinished(client).unwrap(), model.unfinished(client));
        let running = model.processing(client).count();
        assert!(running <= 1, "two running jobs of one client");
    }
}

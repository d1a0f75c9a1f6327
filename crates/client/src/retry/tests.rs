use super::*;

const QUICK: Policy = Policy {
    first: Duration::ZERO,
    cap: Duration::ZERO,
    attempts: 3,
};

fn lost() -> Fault {
    Fault::Lost {
        server: "s".into(),
        reason: "r".into(),
    }
}

struct Silent;
impl Observer for Silent {
    fn event(&mut self, _: &Event<'_>) {}
}

fn run(mut step: impl FnMut(u32, &mut Attempt) -> Result<u32, Fault>) -> (u32, Result<u32, Fault>) {
    let mut calls = 0;
    let result = persist(&QUICK, &Cancel::new(), None, &mut Silent, |attempt, _| {
        calls += 1;
        step(calls, attempt)
    });
    (calls, result)
}

#[test]
fn pauses_double_up_to_the_cap_and_vary() {
    let policy = Policy::default();
    let whole = |n| policy.pause(n, u32::MAX).as_millis();
    assert_eq!(
        [whole(1), whole(2), whole(3), whole(8), whole(50)],
        [250, 500, 1000, 30_000, 30_000]
    );
    assert_eq!(policy.pause(1, 0).as_millis(), 125);
}

#[test]
fn a_loss_is_tried_again_until_the_attempts_are_used_up() {
    assert!(matches!(
        run(|n, _| if n == 2 { Ok(n) } else { Err(lost()) }),
        (2, Ok(2))
    ));
    assert!(matches!(
        run(|_, _| Err(lost())),
        (3, Err(Fault::Lost { .. }))
    ));
}

#[test]
fn coming_further_starts_the_count_anew() {
    let (calls, _) = run(|n, attempt| {
        if n <= 4 {
            attempt.came_further();
        }
        Err(lost())
    });
    assert_eq!(calls, 6);
}

#[test]
fn other_faults_are_final() {
    let (calls, result) = run(|_, _| Err(Fault::Damaged { what: "it" }));
    assert_eq!(calls, 1);
    assert!(matches!(result, Err(Fault::Damaged { .. })));
}

#[test]
fn a_set_flag_ends_the_pause() {
    let cancel = Cancel::new();
    cancel.set();
    let slow = Policy {
        first: Duration::from_secs(3600),
        cap: Duration::from_secs(3600),
        attempts: 9,
    };
    let result: Result<(), _> = persist(&slow, &cancel, None, &mut Silent, |_, _| Err(lost()));
    assert!(matches!(result, Err(Fault::Interrupted { .. })));
}

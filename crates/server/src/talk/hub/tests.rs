use super::*;

fn enter(hub: &Arc<Hub>, seat: i64, pass: u8) -> Presence {
    hub.enter(Seat(seat), "asha", Pass([pass; 32]))
}

fn moved(hub: &Hub) -> (Vec<String>, Vec<String>) {
    let changes = hub.changes();
    (changes.joined, changes.left)
}

#[test]
fn comings_and_goings_are_told_once() {
    let hub = Hub::new();
    let first = enter(&hub, 1, 1);
    let second = enter(&hub, 2, 2);
    assert_eq!(moved(&hub), (vec!["asha".into()], vec![]));
    drop(first);
    assert_eq!(moved(&hub), (vec![], vec![]));
    assert!(hub.is_here("asha"));
    drop(second);
    let again = enter(&hub, 2, 3);
    assert_eq!(moved(&hub), (vec![], vec![]), "gone and back at once");
    drop(again);
    assert_eq!(moved(&hub), (vec![], vec!["asha".into()]));
    assert!(hub.count() == 0 && !hub.is_here("asha"));
}

#[test]
fn what_is_at_hand_has_no_gap() {
    let frame = |number: u64| Some(Bytes::from(vec![number as u8]));
    let numbers = |found: Vec<Bytes>| found.iter().map(|frame| frame[0]).collect::<Vec<_>>();
    let mut arrivals = Arrivals::default();
    for number in 3..=5 {
        arrivals.add(number, frame(number));
    }
    assert!(
        numbers(arrivals.following(0, 9)).is_empty(),
        "1 and 2 are on the disk"
    );
    assert_eq!(numbers(arrivals.following(2, 2)), [3, 4]);
    arrivals.add(6, None);
    arrivals.add(7, frame(7));
    assert_eq!(numbers(arrivals.following(4, 9)), [5], "6 is on the disk");
    assert_eq!(arrivals.newest(), 7);
    assert_eq!(numbers(arrivals.following(6, 9)), [7]);
    for number in 8..100 {
        arrivals.add(number, frame(number));
    }
    assert_eq!(arrivals.following(7, 99).len(), AT_HAND);
    arrivals.add(100, frame(100));
    assert!(arrivals.following(200, 9).is_empty(), "it has them already");
    assert!(arrivals.at_hand.is_empty());
}

#[tokio::test]
async fn a_removed_device_is_told_to_go_whenever_it_came() {
    let hub = Hub::new();
    let here = enter(&hub, 1, 1);
    hub.remove(Seat(1));
    here.place.removed.notified().await;
    assert_eq!(hub.holder(&Pass([1; 32])), None);
    let late = enter(&hub, 1, 2);
    late.place.removed.notified().await;
}

#[test]
fn a_newer_connection_takes_the_place() {
    let hub = Hub::new();
    let old = enter(&hub, 1, 1);
    let new = enter(&hub, 1, 2);
    assert_eq!(hub.holder(&Pass([1; 32])), Some(Seat(1)));
    drop(old);
    // A pass is worth something as long as its connection lasts.
    assert_eq!(hub.holder(&Pass([1; 32])), None);
    assert_eq!(hub.holder(&Pass([2; 32])), Some(Seat(1)));
    assert!(hub.is_here("asha"));
    assert_eq!(hub.count(), 1);
    drop(new);
    assert_eq!(hub.count(), 0);
}

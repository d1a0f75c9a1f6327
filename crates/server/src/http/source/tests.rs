use super::super::limits::MAP_LEAST;
use super::super::send::FileBody;
use super::*;
use http_body::Body;
use http_body_util::BodyExt;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n / 7) as u8).collect()
}

fn file(content: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    file
}

fn mapping() -> Means {
    Means {
        maps: Some(Arc::default()),
        ..Means::default()
    }
}

#[test]
fn a_part_is_sent_in_pieces_that_are_used_again() {
    let content = content(3 * SEND_BYTES + 5);
    let means = Means::default();
    let (at, length) = (7, content.len() as u64 - 9);
    let body = FileBody::new(Source::new(file(&content), means.clone()), at, length);
    assert_eq!(body.size_hint().exact(), Some(length));
    let sent = runtime().block_on(body.collect()).unwrap().to_bytes();
    assert!(sent == content[7..content.len() - 2]);
    assert!(!means.buffers.0.lock().unwrap().is_empty());
}

#[test]
fn a_mapped_file_is_sent_without_a_buffer() {
    let content = content(3 * WINDOW_BYTES as usize + 5);
    let means = mapping();
    runtime().block_on(async {
        let source = Source::new(file(&content), means.clone());
        assert!(source.map.is_some());
        let body = FileBody::new(source, 7, content.len() as u64 - 9);
        let sent = body.collect().await.unwrap().to_bytes();
        assert!(sent == content[7..content.len() - 2]);
    });
    assert!(means.buffers.0.lock().unwrap().is_empty());
    assert_eq!(means.counters.sent.get(), content.len() as u64 - 9);
}

#[test]
fn a_file_that_became_shorter_is_an_error() {
    for (length, means) in [(0, Means::default()), (MAP_LEAST, mapping())] {
        runtime().block_on(async {
            let file = file(&content(length as usize));
            let source = Source::new(file.try_clone().unwrap(), means);
            assert_eq!(source.map.is_some(), length > 0);
            file.set_len(0).unwrap();
            let body = FileBody::new(source, 0, length.max(5));
            assert!(body.collect().await.is_err());
        });
    }
}

#[test]
fn the_kernel_refuses_what_a_shortened_file_has_lost() {
    runtime().block_on(async {
        let file = file(&content(MAP_LEAST as usize));
        let map = mapping().maps.unwrap().of(&file).unwrap();
        let part = map.part(0, MAP_LEAST).unwrap();
        file.set_len(0).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let refused = socket.write(&part).unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(Errno::FAULT.raw_os_error()));
    });
}

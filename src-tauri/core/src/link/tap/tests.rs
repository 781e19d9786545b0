#![allow(clippy::unwrap_used)]

use std::{future::poll_fn, time::Duration};

use super::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

#[tokio::test]
async fn the_gate_shuts_at_its_limit_and_opens_when_drained() {
    let (mut far, near) = tokio::io::duplex(1 << 20);
    let (mut tap, gauge) = tap(near, 1000);
    far.write_all(&vec![7; 10_000]).await.unwrap();
    let mut buf = [0; 600];
    tap.read_exact(&mut buf).await.unwrap();
    tap.read_exact(&mut buf).await.unwrap();
    assert!(timeout(Duration::from_millis(20), tap.read(&mut buf)).await.is_err());
    assert_eq!(gauge.total(), 1200);
    let (read, ()) = tokio::join!(tap.read(&mut buf), async {
        tokio::task::yield_now().await;
        gauge.drained(true);
    });
    assert_eq!(read.unwrap(), 600);
}

/// A message larger than the limit: the reader, asleep for want of a message, must be woken by the gate.
#[tokio::test]
async fn a_shut_gate_wakes_the_reader() {
    let (mut far, near) = tokio::io::duplex(1 << 20);
    let (mut tap, gauge) = tap(near, 1000);
    let reader = tokio::spawn(poll_fn(move |cx| {
        gauge.attend(cx);
        gauge.drained(false);
        Poll::<()>::Pending
    }));
    tokio::spawn(async move { far.write_all(&vec![7; 500_000]).await });
    let mut buf = vec![0; 500_000];
    timeout(Duration::from_secs(5), tap.read_exact(&mut buf)).await.unwrap().unwrap();
    reader.abort();
}

/// Both sides on threads of their own, with the gate shutting at nearly every step: no wake-up gets lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_wake_up_is_lost() {
    const TOTAL: usize = 4_000_000;
    let (mut far, near) = tokio::io::duplex(4096);
    let (mut tap, gauge) = tap(near, 64);
    let (give, mut take) = tokio::sync::mpsc::unbounded_channel::<usize>();
    tokio::spawn(async move { far.write_all(&vec![7; TOTAL]).await });
    let driver = tokio::spawn(async move {
        let mut buf = [0; 100];
        loop {
            let count = tap.read(&mut buf).await.unwrap();
            if count == 0 || give.send(count).is_err() {
                return;
            }
        }
    });
    let mut seen = 0;
    let all = poll_fn(|cx| {
        gauge.attend(cx);
        let mut any = false;
        loop {
            match take.poll_recv(cx) {
                Poll::Ready(Some(count)) => {
                    any = true;
                    seen += count;
                }
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Pending => {
                    gauge.drained(any);
                    return Poll::Pending;
                }
            }
        }
    });
    timeout(Duration::from_mins(1), all).await.unwrap();
    driver.await.unwrap();
    assert_eq!(seen, TOTAL);
}

#[tokio::test]
async fn the_end_is_noted_with_its_reason() {
    let (far, near) = tokio::io::duplex(100);
    let (mut tapped, gauge) = tap(near, 1000);
    drop(far);
    assert_eq!(tapped.read(&mut [0; 10]).await.unwrap(), 0);
    assert_eq!(gauge.end().map(|(end, _)| end), Some(End::Closed));

    let (mut tapped, gauge) = tap(Broken, 1000);
    assert!(tapped.read(&mut [0; 10]).await.is_err());
    assert_eq!(gauge.end().map(|(end, _)| end), Some(End::Failed(io::ErrorKind::ConnectionReset)));
    assert!(!gauge.gone().is_cancelled());
    drop(tapped);
    assert!(gauge.gone().is_cancelled());
}

struct Broken;

impl AsyncRead for Broken {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
    }
}

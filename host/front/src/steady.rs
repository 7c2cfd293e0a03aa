//! A body that must keep coming.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use crate::limits::BODY_STALL;
use crate::{Body, BoxError};

/// Its sender was silent for too long.
#[derive(Debug)]
pub struct Stalled;

impl std::fmt::Display for Stalled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no piece of the body came for too long")
    }
}

impl std::error::Error for Stalled {}

/// Fails with [`Stalled`] if it waits for the next piece longer than [`BODY_STALL`].
pub struct Steady {
    inner: Body,
    stall: Duration,
    /// Runs while a piece is waited for.
    alarm: Option<Pin<Box<Sleep>>>,
    waiting: bool,
}

impl Steady {
    /// Watches over `inner`.
    pub fn new(inner: Body) -> Self {
        Self::with(inner, BODY_STALL)
    }

    fn with(inner: Body, stall: Duration) -> Self {
        Self {
            inner,
            stall,
            alarm: None,
            waiting: false,
        }
    }
}

impl http_body::Body for Steady {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) {
            this.waiting = false;
            return Poll::Ready(frame);
        }
        // A piece that is not asked for is not late: the runner may be the slow one.
        if !this.waiting {
            this.waiting = true;
            match &mut this.alarm {
                Some(alarm) => alarm.as_mut().reset(Instant::now() + this.stall),
                None => this.alarm = Some(Box::pin(sleep(this.stall))),
            }
        }
        match this.alarm.as_mut().map(|alarm| alarm.as_mut().poll(cx)) {
            Some(Poll::Ready(())) => Poll::Ready(Some(Err(Box::new(Stalled)))),
            _ => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{BodyExt, StreamBody};

    const STALL: Duration = Duration::from_millis(300);

    #[tokio::test]
    async fn a_sender_that_pauses_is_waited_for_and_one_that_stops_is_not() {
        let pieces = futures::stream::unfold(0_u32, |number| async move {
            let pause = if number < 3 { STALL / 3 } else { STALL * 100 };
            tokio::time::sleep(pause).await;
            Some((Ok(Frame::data(Bytes::from_static(b"x"))), number + 1))
        });
        let mut body = Steady::with(StreamBody::new(pieces).boxed_unsync(), STALL);
        for _ in 0..3 {
            assert!(body.frame().await.expect("a piece").is_ok());
        }
        let error = body.frame().await.expect("an end").expect_err("it stalled");
        assert!(error.is::<Stalled>());
    }
}

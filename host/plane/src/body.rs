//! Bodies on their way into a component, limited.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::Body;
use crate::limits::{DRAIN_BYTES, DRAIN_TIME};

/// A body that fails once more than `left` bytes came, and says so.
struct Limited {
    inner: Body,
    left: u64,
    limit: u64,
    exceeded: Arc<AtomicBool>,
}

/// Wraps `body` for a component; the flag turns true when more than `limit` bytes came.
pub fn limited(body: Body, limit: u64) -> (WasiBody, Arc<AtomicBool>) {
    let exceeded = Arc::new(AtomicBool::new(false));
    let limited = Limited {
        inner: body,
        left: limit,
        limit,
        exceeded: Arc::clone(&exceeded),
    };
    (limited.boxed_unsync(), exceeded)
}

impl http_body::Body for Limited {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = match Pin::new(&mut self.inner).poll_frame(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Ready(Some(Err(error))) => {
                return Poll::Ready(Some(Err(Error::InternalError(Some(error.to_string())))));
            }
            Poll::Ready(Some(Ok(frame))) => frame,
        };
        let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Poll::Ready(Some(Ok(frame)))
            }
            None => {
                self.left = 0;
                self.exceeded.store(true, Ordering::Release);
                Poll::Ready(Some(Err(Error::HttpRequestBodySize(Some(self.limit)))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Reads a refused body to its end and forgets it, as far as [`DRAIN_BYTES`] and [`DRAIN_TIME`] go.
pub(crate) async fn drain(mut body: Body) {
    let read = async {
        let mut left = DRAIN_BYTES;
        while let Some(Ok(frame)) = http_body_util::BodyExt::frame(&mut body).await {
            let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
            left = left.saturating_sub(bytes);
            if left == 0 {
                break;
            }
        }
    };
    // Whoever sends more slowly gets no answer, and needs none.
    let _ = tokio::time::timeout(DRAIN_TIME, read).await;
}

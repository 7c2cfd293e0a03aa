//! An answer that ends when the caller's access does.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use futures::future::BoxFuture;
use http_body::{Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;

use crate::access::Question;
use crate::fault::Fault;
use crate::limits::{ACCESS_LIMIT, UNANSWERED};
use crate::router::Shared;
use crate::{Body, BoxError};

/// Passes an answer on. Short ones cost nothing more; through long ones nothing moves on a yes that is older than
/// [`ACCESS_LIMIT`]: the API is asked again first.
pub struct Guarded {
    inner: Body,
    shared: Arc<Shared>,
    question: Question,
    verified: Instant,
    answered: Instant,
    /// What came and waits for the question.
    held: Option<Frame<Bytes>>,
    asking: Option<BoxFuture<'static, Result<(), Fault>>>,
    _place: OwnedSemaphorePermit,
}

impl Guarded {
    /// `question` has just been answered with yes. `place` is taken until the end.
    pub fn new(inner: Body, shared: &Arc<Shared>, question: &Question, place: OwnedSemaphorePermit) -> Self {
        let now = Instant::now();
        Self {
            inner,
            shared: Arc::clone(shared),
            question: question.clone(),
            verified: now,
            answered: now,
            held: None,
            asking: None,
            _place: place,
        }
    }

    fn ask(&self) -> BoxFuture<'static, Result<(), Fault>> {
        let (shared, question) = (Arc::clone(&self.shared), self.question.clone());
        Box::pin(async move { shared.access.check(&shared.api, &question).await.map(drop) })
    }
}

impl http_body::Body for Guarded {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        loop {
            if let Some(asking) = &mut this.asking {
                let Poll::Ready(answer) = asking.as_mut().poll(cx) else {
                    return Poll::Pending;
                };
                this.asking = None;
                this.verified = Instant::now();
                match answer {
                    Ok(()) => this.answered = this.verified,
                    Err(Fault::Api(status, _)) if status.is_client_error() => {
                        return Poll::Ready(Some(Err("the caller's access has been revoked".into())));
                    }
                    Err(_) if this.answered.elapsed() > UNANSWERED => {
                        return Poll::Ready(Some(Err("the control plane cannot be asked any more".into())));
                    }
                    Err(_) => {}
                }
            }
            if let Some(frame) = this.held.take() {
                return Poll::Ready(Some(Ok(frame)));
            }
            match Pin::new(&mut this.inner).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) if this.verified.elapsed() > ACCESS_LIMIT => {
                    this.held = Some(frame);
                    this.asking = Some(this.ask());
                }
                other => return other,
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_none() && self.asking.is_none() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.held {
            Some(_) => SizeHint::default(),
            None => self.inner.size_hint(),
        }
    }
}
